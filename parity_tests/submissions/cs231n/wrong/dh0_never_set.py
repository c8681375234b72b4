# wrong: rnn_backward: dh0 is allocated and returned, never set
# wrong: lstm_backward: carries dh, leaves dc at zero (one-path-not-carried)
import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    d = dnext_h - dnext_h * next_h ** 2
    return d @ Wx.T, d @ Wh.T, x.T @ d, prev_h.T @ d, np.sum(d, axis=0)


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    caches = []
    ht = h0
    for t in range(T):
        ht, cache = rnn_step_forward(x[:, t], ht, Wx, Wh, b)
        h[:, t] = ht
        caches.append(cache)
    return h, (caches, x, h0, Wx, Wh, b)


def rnn_backward(dh, cache):
    caches, x, h0, Wx, Wh, b = cache
    dx, dh0, dWx, dWh, db = [np.zeros_like(v) for v in (x, h0, Wx, Wh, b)]
    dprev_h = np.zeros_like(h0)
    for t in reversed(range(x.shape[1])):
        dx[:, t], dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t] + dprev_h, caches[t])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dh0, dWx, dWh, db


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x @ Wx + prev_h @ Wh + b
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H:2*H]), sigmoid(a[:, 2*H:3*H])
    g = np.tanh(a[:, 3*H:])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    t = np.tanh(next_c)
    dc = dnext_h * o * (1 - t * t) + dnext_c
    da = np.concatenate([dc * g * i * (1 - i), dc * prev_c * f * (1 - f), dnext_h * t * o * (1 - o), dc * i * (1 - g * g)], axis=1)
    return da @ Wx.T, da @ Wh.T, f * dc, x.T @ da, prev_h.T @ da, np.sum(da, axis=0)


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    caches = []
    ht, ct = h0, np.zeros_like(h0)
    for t in range(T):
        ht, ct, cache = lstm_step_forward(x[:, t], ht, ct, Wx, Wh, b)
        h[:, t] = ht
        caches.append(cache)
    return h, (caches, x, h0, Wx, Wh, b)


def lstm_backward(dh, cache):
    caches, x, h0, Wx, Wh, b = cache
    dx, dh0, dWx, dWh, db = [np.zeros_like(v) for v in (x, h0, Wx, Wh, b)]
    dnext_c = np.zeros_like(h0)
    for t in reversed(range(x.shape[1])):
        dx[:, t], dh0, dprev_c, dWx_t, dWh_t, db_t = lstm_step_backward(dh[:, t] + dh0, dnext_c, caches[t])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dh0, dWx, dWh, db
