import numpy as np

class RNN:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]

    def forward(self, x, h_prev):
        self.x, self.h_prev = x, h_prev
        self.h = np.tanh(h_prev @ self.params[1] + x @ self.params[0] + self.params[2])
        return self.h

    def backward(self, dh):
        d = dh * (1 - self.h * self.h)
        for g, new in zip(self.grads, (self.x.T @ d, self.h_prev.T @ d, d.sum(0))):
            g[:] = new
        return d @ self.params[0].T, d @ self.params[1].T

class TimeRNN:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.stateful, self.h, self.dh, self.layers = stateful, None, None, []

    def set_state(self, h): self.h = h
    def reset_state(self): self.h = None

    def forward(self, xs):
        N, T, _ = xs.shape
        if not (self.stateful and self.h is not None):
            self.h = np.zeros((N, self.params[1].shape[0]))
        self.layers = [RNN(*self.params) for _ in range(T)]
        hs = np.zeros((N, T, self.h.shape[1]))
        for t, l in enumerate(self.layers):
            self.h = hs[:, t] = l.forward(xs[:, t], self.h)
        return hs

    def backward(self, dhs):
        for g in self.grads: g.fill(0)
        dxs = np.zeros(dhs.shape[:2] + (self.params[0].shape[0],))
        dh = np.zeros_like(dhs[:, 0])
        for t in range(len(self.layers) - 1, -1, -1):
            dxs[:, t], dh = self.layers[t].backward(dhs[:, t] + dh)
            for g, lg in zip(self.grads, self.layers[t].grads):
                g += lg
        self.dh = dh
        return dxs
