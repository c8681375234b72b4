# ch07: seq2seq parts. TimeBiLSTM and TimeDropout are used by the encoder
from common.np import *
from common.layers import *
from common.functions import sigmoid
from common.config import GPU


class LSTM:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.cache = None

    def forward(self, x, h_prev, c_prev):
        Wx, Wh, b = self.params
        H = h_prev.shape[1]
        A = np.dot(x, Wx)
        A += np.dot(h_prev, Wh)
        A += b
        f, g, i, o = A[:, 0*H:1*H], A[:, 1*H:2*H], A[:, 2*H:3*H], A[:, 3*H:4*H]
        f = sigmoid(f)
        g = np.tanh(g)
        i = sigmoid(i)
        o = sigmoid(o)
        c_next = f * c_prev + g * i
        h_next = o * np.tanh(c_next)
        self.cache = dict(x=x, h=h_prev, c=c_prev, f=f, g=g, i=i, o=o, c_next=c_next)
        return h_next, c_next

    def backward(self, dh_next, dc_next):
        Wx, Wh, b = self.params
        k = self.cache
        f, g, i, o = k['f'], k['g'], k['i'], k['o']
        N, H = f.shape
        tanh_c_next = np.tanh(k['c_next'])
        ds = dc_next + (dh_next * o) * (1 - tanh_c_next ** 2)

        dA = np.empty((N, 4 * H), dtype=f.dtype)
        dA[:, 0*H:1*H] = ds * k['c'] * f * (1 - f)
        dA[:, 1*H:2*H] = ds * i * (1 - g ** 2)
        dA[:, 2*H:3*H] = ds * g * i * (1 - i)
        dA[:, 3*H:4*H] = dh_next * tanh_c_next * o * (1 - o)

        self.grads[0][...] = np.dot(k['x'].T, dA)
        self.grads[1][...] = np.dot(k['h'].T, dA)
        self.grads[2][...] = dA.sum(axis=0)
        return np.dot(dA, Wx.T), np.dot(dA, Wh.T), ds * f


class TimeLSTM:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.layers = None
        self.h, self.c = None, None
        self.dh = None
        self.stateful = stateful

    def forward(self, xs):
        Wx, Wh, b = self.params
        N, T, D = xs.shape
        H = Wh.shape[0]
        self.layers = []
        hs = np.empty((N, T, H), dtype='f')
        if not self.stateful or self.h is None:
            self.h = np.zeros((N, H), dtype='f')
        if not self.stateful or self.c is None:
            self.c = np.zeros((N, H), dtype='f')
        for t in range(T):
            layer = LSTM(*self.params)
            self.h, self.c = layer.forward(xs[:, t, :], self.h, self.c)
            hs[:, t, :] = self.h
            self.layers.append(layer)
        return hs

    def backward(self, dhs):
        Wx, Wh, b = self.params
        N, T, H = dhs.shape
        D = Wx.shape[0]
        dxs = np.empty((N, T, D), dtype='f')
        dh, dc = 0, 0
        dWx, dWh, db = 0, 0, 0
        for t in reversed(range(T)):
            layer = self.layers[t]
            dx, dh, dc = layer.backward(dhs[:, t, :] + dh, dc)
            dxs[:, t, :] = dx
            dWx += layer.grads[0]
            dWh += layer.grads[1]
            db += layer.grads[2]
        self.grads[0][...] = dWx
        self.grads[1][...] = dWh
        self.grads[2][...] = db
        self.dh = dh
        return dxs

    def set_state(self, h, c=None):
        self.h, self.c = h, c

    def reset_state(self):
        self.h, self.c = None, None


class TimeBiLSTM:
    def __init__(self, Wx1, Wh1, b1, Wx2, Wh2, b2, stateful=False):
        self.forward_lstm = TimeLSTM(Wx1, Wh1, b1, stateful)
        self.backward_lstm = TimeLSTM(Wx2, Wh2, b2, stateful)
        self.params = self.forward_lstm.params + self.backward_lstm.params
        self.grads = self.forward_lstm.grads + self.backward_lstm.grads

    def forward(self, xs):
        o1 = self.forward_lstm.forward(xs)
        o2 = self.backward_lstm.forward(xs[:, ::-1])
        return np.concatenate((o1, o2[:, ::-1]), axis=2)

    def backward(self, dhs):
        H = dhs.shape[2] // 2
        d1 = self.forward_lstm.backward(dhs[:, :, :H])
        d2 = self.backward_lstm.backward(dhs[:, ::-1, H:])
        return d1 + d2[:, ::-1]


class TimeDropout:
    def __init__(self, dropout_ratio=0.5):
        self.params, self.grads = [], []
        self.dropout_ratio = dropout_ratio
        self.mask = None
        self.train_flg = True

    def forward(self, xs):
        if not self.train_flg:
            return xs
        flg = np.random.rand(*xs.shape) > self.dropout_ratio
        self.mask = flg.astype(np.float32) / (1.0 - self.dropout_ratio)
        return xs * self.mask

    def backward(self, dout):
        return dout * self.mask
