"""My notes on chapter 6, LSTM only. Gates by np.hsplit, everything kept in double precision."""
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class LSTM(object):
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = list(map(np.zeros_like, self.params))
        self.cache = None

    def forward(self, x, h_prev, c_prev):
        Wx, Wh, b = self.params
        zf, zg, zi, zo = np.hsplit(x.dot(Wx) + h_prev.dot(Wh) + b, 4)
        f, g, i, o = sigmoid(zf), np.tanh(zg), sigmoid(zi), sigmoid(zo)
        c = c_prev * f + i * g
        t = np.tanh(c)
        self.cache = x, h_prev, c_prev, f, g, i, o, t
        return t * o, c

    def backward(self, dh, dc):
        x, h_prev, c_prev, f, g, i, o, t = self.cache
        Wx, Wh, b = self.params
        dc = dc + dh * o * (1 - t ** 2)      # not += : the caller's array stays as it is
        dA = np.concatenate([
            c_prev * dc * f * (1 - f),
            i * dc * (1 - g ** 2),
            g * dc * i * (1 - i),
            t * dh * o * (1 - o),
        ], axis=1)
        self.grads[0][...] = x.T.dot(dA)
        self.grads[1][...] = h_prev.T.dot(dA)
        self.grads[2][...] = np.sum(dA, axis=0)
        return dA.dot(Wx.T), dA.dot(Wh.T), dc * f


class TimeLSTM(object):
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.grads = list(map(np.zeros_like, self.params))
        self.stateful = stateful
        self.layers = None
        self.reset_state()
        self.dh = None
        self.dc = None

    def reset_state(self):
        self.h = self.c = None

    def set_state(self, h, c=None):
        self.h, self.c = h, c

    def forward(self, xs):
        N, T, D = xs.shape
        H = self.params[1].shape[0]
        if not self.stateful:
            self.reset_state()
        if self.h is None:
            self.h = np.zeros((N, H))
        if self.c is None:
            self.c = np.zeros((N, H))
        self.layers, hs = [], []
        for x in xs.transpose(1, 0, 2):
            self.layers.append(LSTM(*self.params))
            self.h, self.c = self.layers[-1].forward(x, self.h, self.c)
            hs.append(self.h)
        return np.stack(hs, axis=1)

    def backward(self, dhs):
        N, T, H = dhs.shape
        dh, dc = np.zeros((N, H)), np.zeros((N, H))
        total = [np.zeros_like(p) for p in self.params]
        dxs = [None] * T
        for t in reversed(range(T)):
            dxs[t], dh, dc = self.layers[t].backward(dh + dhs[:, t], dc)
            for n in range(3):
                total[n] += self.layers[t].grads[n]
        for n in range(3):
            self.grads[n][...] = total[n]
        self.dh, self.dc = dh, dc
        return np.array(dxs).transpose(1, 0, 2)
