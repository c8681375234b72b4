"""One base class for what all layers share; the Time... classes differ in the cell only."""
import numpy as np


def sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


class Layer:
    def __init__(self, *params):
        self.params = list(params)
        self.grads = [np.zeros_like(p) for p in params]
        self.cache = None

    def _store(self, *grads):
        for old, new in zip(self.grads, grads):
            old[...] = new

    def forward(self, *args):
        raise NotImplementedError

    def backward(self, *args):
        raise NotImplementedError


class RNN(Layer):
    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h_next = np.tanh(x @ Wx + h_prev @ Wh + b)
        self.cache = x, h_prev, h_next
        return h_next

    def backward(self, dh_next):
        Wx, Wh, _ = self.params
        x, h_prev, h_next = self.cache
        dt = dh_next * (1 - np.square(h_next))
        self._store(x.T @ dt, h_prev.T @ dt, dt.sum(axis=0))
        return dt @ Wx.T, dt @ Wh.T


class LSTM(Layer):
    def forward(self, x, h_prev, c_prev):
        Wx, Wh, b = self.params
        f, g, i, o = np.split(x @ Wx + h_prev @ Wh + b, 4, axis=-1)
        f, g, i, o = sigmoid(f), np.tanh(g), sigmoid(i), sigmoid(o)
        c_next = f * c_prev + i * g
        h_next = o * np.tanh(c_next)
        self.cache = x, h_prev, c_prev, f, g, i, o, c_next
        return h_next, c_next

    def backward(self, dh_next, dc_next):
        Wx, Wh, _ = self.params
        x, h_prev, c_prev, f, g, i, o, c_next = self.cache
        tanh_c = np.tanh(c_next)
        ds = dc_next + dh_next * o * (1 - np.square(tanh_c))
        dA = np.concatenate((
            ds * c_prev * f * (1 - f),
            ds * i * (1 - np.square(g)),
            ds * g * i * (1 - i),
            dh_next * tanh_c * o * (1 - o)), axis=-1)
        self._store(x.T @ dA, h_prev.T @ dA, dA.sum(axis=0))
        return dA @ Wx.T, dA @ Wh.T, ds * f


class TimeLayer(Layer):
    cell = None
    n_states = 1

    def __init__(self, Wx, Wh, b, stateful=False):
        super().__init__(Wx, Wh, b)
        self.stateful = stateful
        self.layers = None
        self.dh = None
        self.reset_state()

    def reset_state(self):
        self._states = [None] * self.n_states

    def set_state(self, h, c=None):
        self._states = [h, c][:self.n_states]

    @property
    def h(self):
        return self._states[0]

    def forward(self, xs):
        N, T, D = xs.shape
        H = self.params[1].shape[0]
        if not self.stateful:
            self.reset_state()
        states = [np.zeros((N, H), dtype=xs.dtype) if s is None else s for s in self._states]
        hs = np.empty((N, T, H), dtype=xs.dtype)
        self.layers = []
        for t in range(T):
            layer = self.cell(*self.params)
            out = layer.forward(xs[:, t], *states)
            states = list(out) if isinstance(out, tuple) else [out]
            hs[:, t] = states[0]
            self.layers.append(layer)
        self._states = states
        return hs

    def backward(self, dhs):
        N, T, H = dhs.shape
        dxs = np.empty((N, T, self.params[0].shape[0]), dtype=dhs.dtype)
        back = [0] * self.n_states
        sums = [0] * len(self.params)
        for t in reversed(range(T)):
            back[0] = back[0] + dhs[:, t]
            dxs[:, t], *back = self.layers[t].backward(*back)
            sums = [s + g for s, g in zip(sums, self.layers[t].grads)]
        self._store(*sums)
        self.dh = back[0]
        return dxs


class TimeRNN(TimeLayer):
    cell = RNN


class TimeLSTM(TimeLayer):
    cell = LSTM
    n_states = 2
