# wrong: rnn_backward: dWx, dWh, db assigned in the loop, the last one processed stays (not-accumulated)
# wrong: lstm_backward: db is assigned, all others are added (not-accumulated)
import numpy as np


def sigmoid(z):
    return 1. / (1. + np.exp(-z))


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    xW = x.dot(Wx)
    hW = prev_h.dot(Wh)
    s = xW + hW + b
    next_h = np.tanh(s)
    cache = x, prev_h, Wx, Wh, b, s, next_h
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, b, s, next_h = cache
    ds = dnext_h * (1 - np.tanh(s) ** 2)
    dx = ds.dot(Wx.T)
    dprev_h = ds.dot(Wh.T)
    dWx = x.T.dot(ds)
    dWh = prev_h.T.dot(ds)
    db = ds.sum(axis=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    _, H = h0.shape
    h = np.zeros((N, T, H))
    caches = []
    prev_h = h0
    for t in range(T):
        h[:, t, :], cache = rnn_step_forward(x[:, t, :], prev_h, Wx, Wh, b)
        prev_h = h[:, t, :]
        caches.append(cache)
    return h, caches


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D))
    dh0 = np.zeros((N, H))
    for t in reversed(range(T)):
        dx[:, t, :], dh0, dWx, dWh, db = rnn_step_backward(dh[:, t, :] + dh0, cache[t])
    return dx, dh0, dWx, dWh, db


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    z = x.dot(Wx) + prev_h.dot(Wh) + b
    i, f, o, g = sigmoid(z[:, :H]), sigmoid(z[:, H:2*H]), sigmoid(z[:, 2*H:3*H]), np.tanh(z[:, 3*H:])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    dtc = dnext_h * o
    dc = dnext_c + dtc * (1 - np.tanh(next_c) ** 2)
    dz = np.hstack((dc * g * i * (1 - i), dc * prev_c * f * (1 - f), dnext_h * np.tanh(next_c) * o * (1 - o), dc * i * (1 - g ** 2)))
    return dz.dot(Wx.T), dz.dot(Wh.T), dc * f, x.T.dot(dz), prev_h.T.dot(dz), dz.sum(axis=0)


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    _, H = h0.shape
    h = np.zeros((N, T, H))
    caches = []
    prev_h = h0
    prev_c = np.zeros((N, H))
    for t in range(T):
        h[:, t, :], prev_c, cache = lstm_step_forward(x[:, t, :], prev_h, prev_c, Wx, Wh, b)
        prev_h = h[:, t, :]
        caches.append(cache)
    return h, caches


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D))
    dh0 = np.zeros((N, H))
    dc0 = np.zeros((N, H))
    dWx = np.zeros((D, 4*H))
    dWh = np.zeros((H, 4*H))
    for t in reversed(range(T)):
        dx[:, t, :], dh0, dc0, dWx_t, dWh_t, db = lstm_step_backward(dh[:, t, :] + dh0, dc0, cache[t])
        dWx += dWx_t
        dWh += dWh_t
    return dx, dh0, dWx, dWh, db
