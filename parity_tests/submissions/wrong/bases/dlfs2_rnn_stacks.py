import numpy as np


class RNN:
    def __init__(self, *params):
        self.params = list(params)
        self.grads = [np.zeros_like(p) for p in params]

    def forward(self, x, h_prev):
        M = np.vstack(self.params)
        self.v = np.c_[x, h_prev, np.ones(len(x))]
        self.h_next = np.tanh(self.v @ M)
        return self.h_next

    def backward(self, dh_next):
        D = self.params[0].shape[0]
        da = dh_next * (1 - self.h_next) * (1 + self.h_next)
        dM = self.v.T @ da
        self.grads[0][:], self.grads[1][:], self.grads[2][:] = dM[:D], dM[D:-1], dM[-1]
        dv = da @ np.vstack(self.params[:2]).T
        return dv[:, :D], dv[:, D:]


class TimeRNN:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params, self.stateful = [Wx, Wh, b], stateful
        self.grads = [np.zeros_like(p) for p in self.params]
        self.h, self.dh = None, None

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None

    def forward(self, xs):
        if not self.stateful or self.h is None:
            self.h = np.zeros((xs.shape[0], self.params[1].shape[0]), dtype=xs.dtype)
        self.layers = []
        return np.stack([self._step(xs[:, t]) for t in range(xs.shape[1])], axis=1)

    def _step(self, x):
        self.layers.append(RNN(*self.params))
        self.h = self.layers[-1].forward(x, self.h)
        return self.h

    def backward(self, dhs):
        self.dh = np.zeros_like(dhs[:, 0])
        dxs = [self._step_back(d) for d in dhs.transpose(1, 0, 2)[::-1]]
        return np.stack(dxs[::-1], axis=1)

    def _step_back(self, d):
        layer = self.layers.pop()
        dx, self.dh = layer.backward(d + self.dh)
        for total, grad in zip(self.grads, layer.grads):
            total += grad
        return dx
