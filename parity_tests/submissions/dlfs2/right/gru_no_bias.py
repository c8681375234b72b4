# first printing: the GRU has no bias at all
from common.np import *
from common.functions import sigmoid


class GRU:
    def __init__(self, Wx, Wh):
        self.Wx, self.Wh = Wx, Wh
        self.params = [Wx, Wh]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh)]
        self.cache = None

    def forward(self, x, h_prev):
        H, H3 = self.Wh.shape
        A = np.dot(x, self.Wx)
        B = np.dot(h_prev, self.Wh[:, :2 * H])
        z = sigmoid(A[:, :H] + B[:, :H])
        r = sigmoid(A[:, H:2 * H] + B[:, H:])
        h_hat = np.tanh(A[:, 2 * H:] + np.dot(r * h_prev, self.Wh[:, 2 * H:]))
        self.cache = (x, h_prev, z, r, h_hat)
        return (1 - z) * h_prev + z * h_hat

    def backward(self, dh_next):
        x, h_prev, z, r, h_hat = self.cache
        H = h_prev.shape[1]
        da_h = dh_next * z * (1 - h_hat ** 2)
        d_rh = np.dot(da_h, self.Wh[:, 2 * H:].T)
        da_z = dh_next * (h_hat - h_prev) * z * (1 - z)
        da_r = d_rh * h_prev * r * (1 - r)
        da = np.hstack((da_z, da_r, da_h))

        self.grads[0][...] = np.dot(x.T, da)
        self.grads[1][:, :2 * H] = np.dot(h_prev.T, da[:, :2 * H])
        self.grads[1][:, 2 * H:] = np.dot((r * h_prev).T, da_h)
        dx = np.dot(da, self.Wx.T)
        dh_prev = dh_next * (1 - z) + d_rh * r + np.dot(da[:, :2 * H], self.Wh[:, :2 * H].T)
        return dx, dh_prev


class TimeGRU:
    def __init__(self, Wx, Wh, stateful=False):
        self.Wx, self.Wh = Wx, Wh
        self.params = [Wx, Wh]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh)]
        self.h, self.dh = None, None
        self.layers = None
        self.stateful = stateful

    def forward(self, xs):
        N, T, D = xs.shape
        H = self.Wh.shape[0]
        self.layers = []
        hs = np.empty((N, T, H), dtype='f')
        if not self.stateful or self.h is None:
            self.h = np.zeros((N, H), dtype='f')
        for t in range(T):
            layer = GRU(self.Wx, self.Wh)
            self.h = layer.forward(xs[:, t, :], self.h)
            hs[:, t, :] = self.h
            self.layers.append(layer)
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, self.Wx.shape[0]), dtype='f')
        dh = 0
        dWx, dWh = np.zeros_like(self.Wx), np.zeros_like(self.Wh)
        for t in range(T)[::-1]:
            layer = self.layers[t]
            dx, dh = layer.backward(dhs[:, t, :] + dh)
            dxs[:, t, :] = dx
            dWx += layer.grads[0]
            dWh += layer.grads[1]
        self.grads[0][...] = dWx
        self.grads[1][...] = dWh
        self.dh = dh
        return dxs

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None
