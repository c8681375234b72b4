# wrong: rnn_step_backward: returns dWx, dWh, db, dx, dprev_h; rnn_backward knows it and is right
# wrong: lstm_forward: returns the last state, not all of them, and then the cache
import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, b, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, b, next_h = cache
    delta = dnext_h * (1 - next_h * next_h)
    dWx = x.T @ delta
    dWh = prev_h.T @ delta
    db = delta.sum(axis=0)
    dx = delta @ Wx.T
    dprev_h = delta @ Wh.T
    return dWx, dWh, db, dx, dprev_h


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    h = np.empty((N, T, len(b)))
    cache = []
    state = h0
    for t in range(T):
        state, c = rnn_step_forward(x[:, t], state, Wx, Wh, b)
        h[:, t] = state
        cache.append(c)
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    x, prev_h, Wx, Wh, b, next_h = cache[0]
    dx = np.empty((N, T, x.shape[1]))
    gWx, gWh, gb = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dstate = np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        dWx, dWh, db, dx[:, t], dstate = rnn_step_backward(dh[:, t] + dstate, cache[t])
        gWx += dWx
        gWh += dWh
        gb += db
    return dx, dstate, gWx, gWh, gb


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    sigmoid = lambda z: 1 / (1 + np.exp(-z))
    ai, af, ao, ag = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    next_c = sigmoid(af) * prev_c + sigmoid(ai) * np.tanh(ag)
    return sigmoid(ao) * np.tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, ai, af, ao, ag, next_c)


def lstm_forward(x, h0, Wx, Wh, b):
    state, cell, cache = h0, np.zeros_like(h0), []
    for t in range(x.shape[1]):
        state, cell, c = lstm_step_forward(x[:, t], state, cell, Wx, Wh, b)
        cache.append(c)
    return state, cache
