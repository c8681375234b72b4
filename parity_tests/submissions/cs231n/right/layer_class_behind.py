"""The eight names are thin: the work is done in two classes."""
import numpy as np


class RNNStep:
    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def forward(self, x, prev_h):
        self.x, self.prev_h = x, prev_h
        self.out = np.tanh(x @ self.Wx + prev_h @ self.Wh + self.b)
        return self.out

    def backward(self, dout):
        d = dout * (1 - self.out ** 2)
        self.dWx = self.x.T @ d
        self.dWh = self.prev_h.T @ d
        self.db = d.sum(axis=0)
        return d @ self.Wx.T, d @ self.Wh.T


class LSTMStep(RNNStep):
    def forward(self, x, prev_h, prev_c):
        self.x, self.prev_h, self.prev_c = x, prev_h, prev_c
        pre = (x @ self.Wx + prev_h @ self.Wh + self.b).reshape(len(x), 4, -1)
        self.i, self.f, self.o = (1 / (1 + np.exp(-pre[:, k])) for k in range(3))
        self.g = np.tanh(pre[:, 3])
        self.c = self.f * prev_c + self.i * self.g
        return self.o * np.tanh(self.c), self.c

    def backward(self, dh, dc):
        t = np.tanh(self.c)
        dc = dc + dh * self.o * (1 - t ** 2)
        di = dc * self.g * self.i * (1 - self.i)
        df = dc * self.prev_c * self.f * (1 - self.f)
        do = dh * t * self.o * (1 - self.o)
        dg = dc * self.i * (1 - self.g ** 2)
        d = np.column_stack((di, df, do, dg))
        self.dWx = self.x.T @ d
        self.dWh = self.prev_h.T @ d
        self.db = d.sum(axis=0)
        return d @ self.Wx.T, d @ self.Wh.T, dc * self.f


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    step = RNNStep(Wx, Wh, b)
    return step.forward(x, prev_h), step


def rnn_step_backward(dnext_h, cache):
    dx, dprev_h = cache.backward(dnext_h)
    return dx, dprev_h, cache.dWx, cache.dWh, cache.db


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    step = LSTMStep(Wx, Wh, b)
    next_h, next_c = step.forward(x, prev_h, prev_c)
    return next_h, next_c, step


def lstm_step_backward(dnext_h, dnext_c, cache):
    dx, dprev_h, dprev_c = cache.backward(dnext_h, dnext_c)
    return dx, dprev_h, dprev_c, cache.dWx, cache.dWh, cache.db


def _forward(step, x, *state, weights):
    out, cache = [], []
    for t in range(x.shape[1]):
        *state, one = step(x[:, t], *state, *weights)
        out.append(state[0])
        cache.append(one)
    return np.array(out).swapaxes(0, 1), cache


def _backward(step, dh, states, cache):
    carried = [np.zeros(dh[:, 0].shape) for _ in range(states)]
    dx, sums = [], None
    for t in reversed(range(len(cache))):
        carried[0] = carried[0] + dh[:, t]
        dxt, *rest = step(*carried, cache[t])
        carried, grads = rest[:states], rest[states:]
        dx.append(dxt)
        sums = list(grads) if sums is None else [s + g for s, g in zip(sums, grads)]
    return (np.array(dx[::-1]).swapaxes(0, 1), carried[0], *sums)


def rnn_forward(x, h0, Wx, Wh, b):
    return _forward(rnn_step_forward, x, h0, weights=(Wx, Wh, b))


def rnn_backward(dh, cache):
    return _backward(rnn_step_backward, dh, 1, cache)


def lstm_forward(x, h0, Wx, Wh, b):
    return _forward(lstm_step_forward, x, h0, np.zeros(h0.shape), weights=(Wx, Wh, b))


def lstm_backward(dh, cache):
    return _backward(lstm_step_backward, dh, 2, cache)
