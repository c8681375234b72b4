# wrong: rnn_forward: T and N exchanged, steps taken over the examples
# wrong: rnn_backward: T from axis 0 of dh too
import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, [x, prev_h, Wx, Wh, next_h]


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dz = dnext_h * (1 - next_h ** 2)
    return [dz @ Wx.T, dz @ Wh.T, x.T @ dz, prev_h.T @ dz, dz.sum(axis=0)]


def rnn_forward(x, h0, Wx, Wh, b):
    T, N, D = x.shape
    H = h0.shape[1]
    h = np.zeros((T, N, H))
    caches = []
    prev = h0
    for t in range(T):
        prev, cache = rnn_step_forward(x[t], prev, Wx, Wh, b)
        h[t] = prev
        caches.append(cache)
    return h, caches


def rnn_backward(dh, cache):
    T, N, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((T, N, D))
    dprev = np.zeros((N, H))
    dWx, dWh, db = np.zeros((D, H)), np.zeros((H, H)), np.zeros(H)
    for t in reversed(range(T)):
        dx[t], dprev, dWx_t, dWh_t, db_t = rnn_step_backward(dh[t] + dprev, cache[t])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dprev, dWx, dWh, db
