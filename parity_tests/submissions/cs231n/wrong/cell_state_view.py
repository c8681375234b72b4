# wrong: rnn_step_backward: the cached next_h is changed in place, a second call gives other numbers; db divided by N (divided-by-m)
# right by itself: rnn_backward, lstm_backward
# wrong: lstm_forward: one array c for all steps, written in place: the prev_c of every cache is the last cell state (cell-state-view); h is right
import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x.dot(Wx) + prev_h.dot(Wh) + b)
    return next_h, (x, prev_h, Wx, Wh, next_h.copy())


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, d = cache
    d *= -d
    d += 1
    d *= dnext_h
    return d.dot(Wx.T), d.dot(Wh.T), x.T.dot(d), prev_h.T.dot(d), d.mean(axis=0)


def rnn_forward(x, h0, Wx, Wh, b):
    h = np.zeros(x.shape[:2] + h0.shape[1:])
    cache = []
    for t in range(x.shape[1]):
        h[:, t], one = rnn_step_forward(x[:, t], h0 if t == 0 else h[:, t - 1], Wx, Wh, b)
        cache.append(one)
    return h, cache


def rnn_backward(dh, cache):
    dx, dh0, sums = [], np.zeros_like(dh[:, 0]), None
    for one, d in zip(cache[::-1], dh.swapaxes(0, 1)[::-1]):
        dxt, dh0, *w = rnn_step_backward(d + dh0, one)
        dx.append(dxt)
        sums = w if sums is None else [p + q for p, q in zip(sums, w)]
    return (np.stack(dx[::-1], axis=1), dh0, *sums)


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    ifo, g = np.split(x.dot(Wx) + prev_h.dot(Wh) + b, [3 * prev_h.shape[1]], axis=1)
    i, f, o = np.split(1 / (1 + np.exp(-ifo)), 3, axis=1)
    g = np.tanh(g)
    next_c = f * prev_c + i * g
    return o * np.tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    tc = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - tc ** 2)
    d = np.hstack((dc * g * i * (1 - i), dc * prev_c * f * (1 - f), dnext_h * tc * o * (1 - o), dc * i * (1 - g ** 2)))
    return d.dot(Wx.T), d.dot(Wh.T), dc * f, x.T.dot(d), prev_h.T.dot(d), d.sum(axis=0)


def lstm_forward(x, h0, Wx, Wh, b):
    h = np.zeros(x.shape[:2] + h0.shape[1:])
    c = np.zeros(h0.shape)
    cache = []
    now = h0
    for t in range(x.shape[1]):
        now, c[:], one = lstm_step_forward(x[:, t], now, c, Wx, Wh, b)
        h[:, t] = now
        cache.append(one)
    return h, cache


def lstm_backward(dh, cache):
    dx, dh0, dc0, sums = [], np.zeros_like(dh[:, 0]), np.zeros_like(dh[:, 0]), None
    for one, d in zip(cache[::-1], dh.swapaxes(0, 1)[::-1]):
        dxt, dh0, dc0, *w = lstm_step_backward(d + dh0, dc0, one)
        dx.append(dxt)
        sums = w if sums is None else [p + q for p, q in zip(sums, w)]
    return (np.stack(dx[::-1], axis=1), dh0, *sums)
