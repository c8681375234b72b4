# wrong: GRU.backward: the way through r * h_prev into h_prev is left out of dh_prev
# follows: TimeGRU.backward
import numpy as np
from common.functions import sigmoid


class GRU:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.cache = None

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        H = Wh.shape[0]
        z = sigmoid(np.dot(x, Wx[:, :H]) + np.dot(h_prev, Wh[:, :H]) + b[:H])
        r = sigmoid(np.dot(x, Wx[:, H:2*H]) + np.dot(h_prev, Wh[:, H:2*H]) + b[H:2*H])
        h_hat = np.tanh(np.dot(x, Wx[:, 2*H:]) + np.dot(r * h_prev, Wh[:, 2*H:]) + b[2*H:])
        self.cache = (x, h_prev, z, r, h_hat)
        return (1 - z) * h_prev + z * h_hat

    def backward(self, dh_next):
        Wx, Wh, b = self.params
        H = Wh.shape[0]
        x, h_prev, z, r, h_hat = self.cache
        dt_h = dh_next * z * (1 - h_hat ** 2)
        dhr = np.dot(dt_h, Wh[:, 2*H:].T)
        dt_z = dh_next * (h_hat - h_prev) * z * (1 - z)
        dt_r = dhr * h_prev * r * (1 - r)

        dh_prev = dh_next * (1 - z)
        dh_prev += np.dot(dt_z, Wh[:, :H].T)
        dh_prev += np.dot(dt_r, Wh[:, H:2*H].T)

        d = np.hstack((dt_z, dt_r, dt_h))
        self.grads[0][...] = np.dot(x.T, d)
        self.grads[1][...] = np.hstack((np.dot(h_prev.T, dt_z), np.dot(h_prev.T, dt_r), np.dot((r * h_prev).T, dt_h)))
        self.grads[2][...] = d.sum(axis=0)
        return np.dot(d, Wx.T), dh_prev


class TimeGRU:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.h, self.dh, self.layers, self.stateful = None, None, None, stateful

    def forward(self, xs):
        N, T, D = xs.shape
        H = self.params[1].shape[0]
        self.layers = []
        hs = np.empty((N, T, H), dtype='f')
        if not self.stateful or self.h is None:
            self.h = np.zeros((N, H), dtype='f')
        for t in range(T):
            layer = GRU(*self.params)
            self.h = layer.forward(xs[:, t, :], self.h)
            hs[:, t, :] = self.h
            self.layers.append(layer)
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, self.params[0].shape[0]), dtype='f')
        dh = 0
        grads = [0, 0, 0]
        for t in reversed(range(T)):
            layer = self.layers[t]
            dx, dh = layer.backward(dhs[:, t, :] + dh)
            dxs[:, t, :] = dx
            for i, g in enumerate(layer.grads):
                grads[i] += g
        for i, g in enumerate(grads):
            self.grads[i][...] = g
        self.dh = dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None
