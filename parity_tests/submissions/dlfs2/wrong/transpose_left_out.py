# wrong: RNN.backward: dh_prev = dt Wh, without the transpose of the square matrix (no-transpose)
# follows: TimeRNN.backward
import numpy as np


class RNN:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.cache = None

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h_next = np.tanh(np.matmul(x, Wx) + np.matmul(h_prev, Wh) + b)
        self.cache = (x, h_prev, h_next)
        return h_next

    def backward(self, dh_next):
        Wx, Wh, b = self.params
        x, h_prev, h_next = self.cache
        dt = dh_next * (1 - h_next**2)
        self.grads[0][...] = np.matmul(x.T, dt)
        self.grads[1][...] = np.matmul(h_prev.T, dt)
        self.grads[2][...] = dt.sum(axis=0)
        dx = np.matmul(dt, Wx.T)
        dh_prev = np.matmul(dt, Wh)
        return dx, dh_prev


class TimeRNN:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(p) for p in self.params]
        self.layers, self.h, self.dh = [], None, None
        self.stateful = stateful

    def forward(self, xs):
        N, T, D = xs.shape
        H = self.params[1].shape[0]
        if self.h is None or not self.stateful:
            self.h = np.zeros((N, H), dtype='f')
        hs = np.empty((N, T, H), dtype='f')
        self.layers = []
        for t in range(T):
            layer = RNN(*self.params)
            hs[:, t, :] = self.h = layer.forward(xs[:, t, :], self.h)
            self.layers.append(layer)
        return hs

    def backward(self, dhs):
        dxs = np.empty(dhs.shape[:2] + self.params[0].shape[:1], dtype='f')
        dh, grads = 0, [0, 0, 0]
        for t in reversed(range(len(self.layers))):
            layer = self.layers[t]
            dxs[:, t, :], dh = layer.backward(dhs[:, t, :] + dh)
            grads = [a + g for a, g in zip(grads, layer.grads)]
        for a, g in zip(self.grads, grads):
            a[...] = g
        self.dh = dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None
