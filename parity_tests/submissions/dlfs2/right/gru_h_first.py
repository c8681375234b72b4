# GRU with the state and its matrix in front: GRU(Wh, Wx, b), forward(h_prev, x); backward gives (dx, dh_prev) as for the RNN
import numpy as np
from common.functions import sigmoid


class GRU:
    def __init__(self, Wh, Wx, b):
        self.params = [Wh, Wx, b]
        self.grads = [np.zeros_like(w) for w in self.params]

    def forward(self, h_prev, x):
        Wh, Wx, b = self.params
        H = h_prev.shape[1]
        gates = sigmoid(x @ Wx[:, :2*H] + h_prev @ Wh[:, :2*H] + b[:2*H])
        z, r = gates[:, :H], gates[:, H:]
        n = np.tanh(x @ Wx[:, 2*H:] + (r * h_prev) @ Wh[:, 2*H:] + b[2*H:])
        self.cache = (x, h_prev, z, r, n)
        return h_prev + z * (n - h_prev)

    def backward(self, dh):
        Wh, Wx, b = self.params
        x, h_prev, z, r, n = self.cache
        H = h_prev.shape[1]
        dn = dh * z * (1 - n * n)
        drh = dn @ Wh[:, 2*H:].T
        dz = dh * (n - h_prev) * z * (1 - z)
        dr = drh * h_prev * r * (1 - r)
        dzr = np.c_[dz, dr]
        d = np.c_[dzr, dn]
        self.grads[0][...] = np.c_[h_prev.T @ dzr, (r * h_prev).T @ dn]
        self.grads[1][...] = x.T @ d
        self.grads[2][...] = d.sum(axis=0)
        dx = d @ Wx.T
        dh_prev = dh * (1 - z) + drh * r + dzr @ Wh[:, :2*H].T
        return dx, dh_prev


class TimeGRU:
    def __init__(self, Wh, Wx, b, stateful=False):
        self.params = [Wh, Wx, b]
        self.grads = [np.zeros_like(w) for w in self.params]
        self.stateful = stateful
        self.h = None
        self.dh = None

    def forward(self, xs):
        N, T, D = xs.shape
        H = self.params[0].shape[0]
        if self.h is None or not self.stateful:
            self.h = np.zeros((N, H), dtype=np.float32)
        hs = np.empty((N, T, H), dtype=np.float32)
        self.layers = []
        for t in range(T):
            gru = GRU(*self.params)
            self.h = gru.forward(self.h, xs[:, t, :])
            hs[:, t, :] = self.h
            self.layers.append(gru)
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        D = self.params[1].shape[0]
        dxs = np.empty((N, T, D), dtype=np.float32)
        dh = 0.
        grads = [np.zeros_like(w) for w in self.params]
        for t in reversed(range(T)):
            gru = self.layers[t]
            dxs[:, t, :], dh = gru.backward(dhs[:, t, :] + dh)
            grads = [a + b for a, b in zip(grads, gru.grads)]
        for mine, g in zip(self.grads, grads):
            mine[...] = g
        self.dh = dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None
