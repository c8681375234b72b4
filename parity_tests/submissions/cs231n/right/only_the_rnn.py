"""This file defines layer types that are commonly used for recurrent neural networks."""

import numpy as np
from .layers import affine_forward, affine_backward
from .gradient_check import eval_numerical_gradient_array


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    tmp = prev_h.dot(Wh) + x.dot(Wx) + b
    next_h = np.tanh(tmp)
    cache = (x, prev_h, Wx, Wh, b, tmp)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, b, tmp = cache
    dtmp = dnext_h / np.cosh(tmp) ** 2   # sech^2
    db = dtmp.sum(axis=0)
    dWh = prev_h.T.dot(dtmp)
    dprev_h = dtmp.dot(Wh.T)
    dWx = x.T.dot(dtmp)
    dx = dtmp.dot(Wx.T)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((T, N, H))       # time first is easier to index
    x = x.transpose(1, 0, 2)
    caches = []
    h[-1] = h0                    # nothing is at T-1 yet, so h[t-1] works for t = 0 too
    for t in range(T):
        h[t], c = rnn_step_forward(x[t], h[t - 1].copy(), Wx, Wh, b)
        caches.append(c)
    return h.transpose(1, 0, 2), (caches, D)


def rnn_backward(dh, cache):
    caches, D = cache
    N, T, H = dh.shape
    dh = dh.transpose(1, 0, 2)
    dx = np.zeros((T, N, D))
    dWx = np.zeros((D, H))
    dWh = np.zeros((H, H))
    db = np.zeros(H)
    dh_prev = 0
    for t in reversed(range(T)):
        dx[t], dh_prev, dWx_t, dWh_t, db_t = rnn_step_backward(dh[t] + dh_prev, caches[t])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx.transpose(1, 0, 2), dh_prev, dWx, dWh, db
