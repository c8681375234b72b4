import numpy as np


class LSTM:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(p) for p in self.params]

    def _block(self, k):
        H = self.params[1].shape[0]
        return [p[..., k * H:(k + 1) * H] for p in self.params]

    def _gate(self, k, act):
        Wx, Wh, b = self._block(k)
        return act(self.x @ Wx + self.h_prev @ Wh + b)

    def _gate_back(self, k, d):
        H = self.params[1].shape[0]
        cols = slice(k * H, (k + 1) * H)
        Wx, Wh, _ = self._block(k)
        self.grads[0][:, cols] = self.x.T @ d
        self.grads[1][:, cols] = self.h_prev.T @ d
        self.grads[2][cols] = d.sum(axis=0)
        self.dx += d @ Wx.T
        self.dh_prev += d @ Wh.T

    def forward(self, x, h_prev, c_prev):
        sigmoid = lambda a: 1 / (1 + np.exp(-a))
        self.x, self.h_prev, self.c_prev = x, h_prev, c_prev
        self.f = self._gate(0, sigmoid)
        self.g = self._gate(1, np.tanh)
        self.i = self._gate(2, sigmoid)
        self.o = self._gate(3, sigmoid)
        self.c = self.f * c_prev + self.g * self.i
        return self.o * np.tanh(self.c), self.c

    def backward(self, dh_next, dc_next):
        self.dx, self.dh_prev = np.zeros_like(self.x), np.zeros_like(self.h_prev)
        t = np.tanh(self.c)
        ds = dc_next + dh_next * self.o * (1 - t ** 2)
        self._gate_back(0, ds * self.c_prev * self.f * (1 - self.f))
        self._gate_back(1, ds * self.i * (1 - self.g ** 2))
        self._gate_back(2, ds * self.g * self.i * (1 - self.i))
        self._gate_back(3, dh_next * t * self.o * (1 - self.o))
        return self.dx, self.dh_prev, ds * self.f


class TimeLSTM:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.stateful = [Wx, Wh, b], stateful
        self.grads = [np.zeros_like(p) for p in self.params]
        self.h = self.c = self.dh = None

    def set_state(self, h, c=None):
        self.h, self.c = h, c

    def reset_state(self):
        self.h = self.c = None

    def forward(self, xs):
        N, T, D = xs.shape
        zero = np.zeros((N, self.params[1].shape[0]), dtype=xs.dtype)
        if not self.stateful or self.h is None:
            self.h = zero
        if not self.stateful or self.c is None:
            self.c = zero
        self.layers = [LSTM(*self.params) for _ in range(T)]
        hs = []
        for layer, x in zip(self.layers, xs.swapaxes(0, 1)):
            self.h, self.c = layer.forward(x, self.h, self.c)
            hs.append(self.h)
        return np.stack(hs, axis=1)

    def backward(self, dhs):
        dh, dc, dxs = 0, 0, []
        for layer, d in reversed(list(zip(self.layers, dhs.swapaxes(0, 1)))):
            dx, dh, dc = layer.backward(d + dh, dc)
            dxs.insert(0, dx)
        for k, grad in enumerate(self.grads):
            grad[...] = sum(layer.grads[k] for layer in self.layers)
        self.dh = dh
        return np.stack(dxs, axis=1)
