# wrong: TimeGRU.backward: walks from the first step to the last; no set_state in this fork
import numpy as np
from common.functions import sigmoid


class GRU:
    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]

    def forward(self, x, h_prev):
        H = self.Wh.shape[0]
        H2 = 2 * H
        zr = sigmoid(x @ self.Wx[:, :H2] + h_prev @ self.Wh[:, :H2] + self.b[:H2])
        z, r = zr[:, :H], zr[:, H:]
        h_hat = np.tanh(x @ self.Wx[:, H2:] + (r * h_prev) @ self.Wh[:, H2:] + self.b[H2:])
        self.cache = x, h_prev, z, r, h_hat
        return (1 - z) * h_prev + z * h_hat

    def backward(self, dh_next):
        x, h_prev, z, r, h_hat = self.cache
        H2 = 2 * self.Wh.shape[0]
        dah = dh_next * z * (1 - h_hat ** 2)
        drh = dah @ self.Wh[:, H2:].T
        dzr = np.concatenate([dh_next * (h_hat - h_prev) * z * (1 - z), drh * h_prev * r * (1 - r)], 1)
        d = np.concatenate([dzr, dah], 1)
        self.grads[0][...] = x.T @ d
        self.grads[1][:, :H2] = h_prev.T @ dzr
        self.grads[1][:, H2:] = (r * h_prev).T @ dah
        self.grads[2][...] = d.sum(0)
        return d @ self.Wx.T, (1 - z) * dh_next + r * drh + dzr @ self.Wh[:, :H2].T


class TimeGRU:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.layers = None
        self.h = None
        self.dh = None
        self.stateful = stateful

    def forward(self, xs):
        N, T, D = xs.shape
        H = self.params[1].shape[0]
        if not self.stateful or self.h is None:
            self.h = np.zeros((N, H), dtype='f')
        self.layers = [GRU(*self.params) for _ in range(T)]
        hs = np.empty((N, T, H), dtype='f')
        for t in range(T):
            self.h = self.layers[t].forward(xs[:, t], self.h)
            hs[:, t] = self.h
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, self.params[0].shape[0]), dtype='f')
        dh = 0
        grads = [0, 0, 0]
        for t in range(T):
            dx, dh = self.layers[t].backward(dhs[:, t] + dh)
            dxs[:, t] = dx
            for i, g in enumerate(self.layers[t].grads):
                grads[i] += g
        for i, g in enumerate(grads):
            self.grads[i][...] = g
        self.dh = dh
        return dxs
