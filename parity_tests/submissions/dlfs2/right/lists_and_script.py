#!/usr/bin/env python
import sys, os
sys.path.append(os.pardir)
import numpy
from common.functions import sigmoid


class RNN:
    """単純なRNNレイヤ（1ステップ）"""
    def __init__(self, Wx, Wh, b):
        self.Wx = Wx
        self.Wh = Wh
        self.b = b
        self.params = [self.Wx, self.Wh, self.b]
        self.grads = [numpy.zeros_like(self.Wx), numpy.zeros_like(self.Wh), numpy.zeros_like(self.b)]

    def forward(self, x, h_prev):
        t = numpy.dot(h_prev, self.Wh) + numpy.dot(x, self.Wx) + self.b
        h_next = numpy.tanh(t)
        self.cache = [x, h_prev, h_next]   # 逆伝播で使う
        return h_next

    def backward(self, dh_next):
        [x, h_prev, h_next] = self.cache
        dt = (1 - h_next * h_next) * dh_next
        db = numpy.sum(dt, 0)
        dWh = numpy.dot(numpy.transpose(h_prev), dt)
        dWx = numpy.dot(numpy.transpose(x), dt)
        dh_prev = numpy.dot(dt, numpy.transpose(self.Wh))
        dx = numpy.dot(dt, numpy.transpose(self.Wx))
        self.grads[0][...] = dWx
        self.grads[1][...] = dWh
        self.grads[2][...] = db
        return dx, dh_prev


class TimeRNN:
    """Truncated BPTTの1ブロック"""
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.grads = [numpy.zeros_like(Wx), numpy.zeros_like(Wh), numpy.zeros_like(b)]
        self.layers = None
        self.h = None
        self.dh = None
        self.stateful = stateful

    def forward(self, xs):
        N, T, D = xs.shape
        H = self.params[1].shape[1]
        self.layers = list()
        outs = list()
        if not self.stateful or self.h is None:
            self.h = numpy.zeros((N, H), dtype=numpy.float32)
        for t in range(0, T):
            self.layers.append(RNN(self.params[0], self.params[1], self.params[2]))
            self.h = self.layers[t].forward(xs[:, t, :], self.h)
            outs.append(self.h[:, None, :])
        return numpy.concatenate(outs, axis=1)

    def backward(self, dhs):
        T = dhs.shape[1]
        dxs = []
        dh = numpy.zeros(dhs[:, 0, :].shape, dtype=numpy.float32)
        sum_dWx = numpy.zeros_like(self.params[0])
        sum_dWh = numpy.zeros_like(self.params[1])
        sum_db = numpy.zeros_like(self.params[2])
        for t in range(T - 1, -1, -1):
            dx, dh = self.layers[t].backward(dhs[:, t, :] + dh)
            dxs.insert(0, dx)
            sum_dWx += self.layers[t].grads[0]
            sum_dWh += self.layers[t].grads[1]
            sum_db += self.layers[t].grads[2]
        self.grads[0][...] = sum_dWx
        self.grads[1][...] = sum_dWh
        self.grads[2][...] = sum_db
        self.dh = dh
        return numpy.stack(dxs, axis=1)

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None


class SimpleRnnlm:
    def __init__(self, vocab_size, wordvec_size, hidden_size):
        V, D, H = vocab_size, wordvec_size, hidden_size
        rn = numpy.random.randn
        self.embed = (rn(V, D) / 100).astype('f')
        self.rnn = TimeRNN((rn(D, H) / numpy.sqrt(D)).astype('f'), (rn(H, H) / numpy.sqrt(H)).astype('f'),
                           numpy.zeros(H).astype('f'), stateful=True)

    def predict(self, ids):
        return self.rnn.forward(self.embed[ids])


if __name__ == '__main__':
    model = SimpleRnnlm(10, 4, 5)
    print(model.predict(numpy.array([[1, 2, 3], [4, 5, 6]])).shape)
