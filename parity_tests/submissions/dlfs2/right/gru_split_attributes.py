# the three blocks kept apart as attributes (views, so that an optimizer that updates params in place is seen)
import numpy as np

sigmoid = lambda a: 1 / (1 + np.exp(-a))


class GRU:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.H = Wh.shape[0]
        self.Wx_z, self.Wx_r, self.Wx_h = np.split(Wx, 3, axis=1)
        self.Wh_z, self.Wh_r, self.Wh_h = np.split(Wh, 3, axis=1)
        self.b_z, self.b_r, self.b_h = np.split(b, 3)

    def forward(self, x, h_prev):
        self.x, self.h_prev = x, h_prev
        self.z = sigmoid(x @ self.Wx_z + h_prev @ self.Wh_z + self.b_z)
        self.r = sigmoid(x @ self.Wx_r + h_prev @ self.Wh_r + self.b_r)
        self.rh = self.r * h_prev
        self.h_hat = np.tanh(x @ self.Wx_h + self.rh @ self.Wh_h + self.b_h)
        self.h_next = (1 - self.z) * h_prev + self.z * self.h_hat
        return self.h_next

    def backward(self, dh_next):
        x, h, z, r = self.x, self.h_prev, self.z, self.r
        dah = (dh_next * z) * (1 - self.h_hat ** 2)
        daz = dh_next * (self.h_hat - h) * z * (1 - z)
        drh = dah @ self.Wh_h.T
        dar = drh * h * r * (1 - r)

        dWx = [x.T @ d for d in (daz, dar, dah)]
        dWh = [h.T @ daz, h.T @ dar, self.rh.T @ dah]
        db = [d.sum(0) for d in (daz, dar, dah)]
        for g, parts in zip(self.grads, (dWx, dWh, db)):
            g[...] = np.concatenate(parts, axis=-1)

        dx = daz @ self.Wx_z.T + dar @ self.Wx_r.T + dah @ self.Wx_h.T
        dh_prev = dh_next * (1 - z) + drh * r + daz @ self.Wh_z.T + dar @ self.Wh_r.T
        return dx, dh_prev


class TimeGRU:
    def __init__(self, Wx, Wh, b, stateful=True):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.Wx, self.Wh, self.b = Wx, Wh, b
        self.layers = []
        self.h = None
        self.dh = None
        self.stateful = stateful

    def forward(self, xs):
        N, T, D = xs.shape
        H = self.Wh.shape[0]
        self.layers = []
        hs = np.empty((N, T, H))
        if self.h is None or not self.stateful:
            self.h = np.zeros((N, H))
        for t in range(T):
            layer = GRU(self.Wx, self.Wh, self.b)
            self.h = layer.forward(xs[:, t], self.h)
            hs[:, t] = self.h
            self.layers.append(layer)
        return hs

    def backward(self, dhs):
        dxs = np.empty((*dhs.shape[:2], self.Wx.shape[0]))
        dh = 0
        for g in self.grads:
            g[...] = 0
        for t in reversed(range(dhs.shape[1])):
            dxs[:, t], dh = self.layers[t].backward(dhs[:, t] + dh)
            for i in range(3):
                self.grads[i][...] += self.layers[t].grads[i]
        self.dh = dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None
