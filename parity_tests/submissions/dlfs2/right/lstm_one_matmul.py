import numpy as np
from scipy.special import expit


class LSTM:
    """[x, h] against Wx on top of Wh: one product a step."""

    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros(p.shape, p.dtype) for p in self.params]

    def forward(self, x, h_prev, c_prev):
        self.xh = np.hstack((x, h_prev))
        self.c_prev = c_prev
        z = self.xh @ np.vstack(self.params[:2]) + self.params[2]
        H = h_prev.shape[1]
        self.act = expit(z)
        self.act[:, H:2 * H] = np.tanh(z[:, H:2 * H])
        f, g, i, o = (self.act[:, k * H:(k + 1) * H] for k in range(4))
        self.c = f * c_prev + i * g
        self.tc = np.tanh(self.c)
        return o * self.tc, self.c

    def backward(self, dh, dc):
        H = self.c.shape[1]
        D = self.xh.shape[1] - H
        f, g, i, o = (self.act[:, k * H:(k + 1) * H] for k in range(4))
        dc = dc + dh * o * (1 - self.tc ** 2)
        d = np.hstack((dc * self.c_prev, dc * i, dc * g, dh * self.tc))
        slope = self.act * (1 - self.act)
        slope[:, H:2 * H] = 1 - g ** 2
        d *= slope
        dW = self.xh.T @ d
        self.grads[0][...], self.grads[1][...] = dW[:D], dW[D:]
        self.grads[2][...] = d.sum(axis=0)
        back = d @ np.vstack(self.params[:2]).T
        return back[:, :D], back[:, D:], dc * f


class TimeLSTM:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(p) for p in self.params]
        self.layers, self.h, self.c, self.dh, self.stateful = None, None, None, None, stateful

    def forward(self, xs):
        N, T, D = xs.shape
        H = self.params[1].shape[0]
        if not self.stateful or self.h is None:
            self.h = np.zeros((N, H), dtype=xs.dtype)
        if not self.stateful or self.c is None:
            self.c = np.zeros((N, H), dtype=xs.dtype)
        hs = np.empty((N, T, H), dtype=xs.dtype)
        self.layers = []
        t = 0
        while t < T:
            layer = LSTM(*self.params)
            self.h, self.c = layer.forward(xs[:, t, :], self.h, self.c)
            hs[:, t, :] = self.h
            self.layers.append(layer)
            t += 1
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, self.params[0].shape[0]), dtype=dhs.dtype)
        dh = dc = 0
        grads = [0, 0, 0]
        while T > 0:
            T -= 1
            layer = self.layers.pop()          # last in, first out
            dx, dh, dc = layer.backward(dhs[:, T, :] + dh, dc)
            dxs[:, T, :] = dx
            grads = [a + b for a, b in zip(grads, layer.grads)]
        for a, b in zip(self.grads, grads):
            a[...] = b
        self.dh = dh
        return dxs

    def set_state(self, h, c=None):
        self.h = h
        self.c = c

    def reset_state(self):
        self.h = self.c = None
