# wrong: rnn_step_backward: 1 - next_h**2 is missing (activation-derivative-missing)
# wrong: lstm_step_backward: tanh' of what is activated already, 1 - tanh(g)**2 (derivative-of-activated)
# right by itself: rnn_backward, lstm_backward
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    z = x.dot(Wx) + prev_h.dot(Wh) + b
    next_h = np.tanh(z)
    return next_h, (x, prev_h, Wx, Wh, z)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, z = cache
    dx = dnext_h.dot(Wx.T)
    dprev_h = dnext_h.dot(Wh.T)
    dWx = x.T.dot(dnext_h)
    dWh = prev_h.T.dot(dnext_h)
    db = dnext_h.sum(axis=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    caches = []
    for t in range(T):
        h0, cache = rnn_step_forward(x[:, t, :], h0, Wx, Wh, b)
        h[:, t, :] = h0
        caches.append(cache)
    return h, caches


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D, _ = cache[0][2].shape
    dx = np.zeros((N, T, D))
    dh0 = np.zeros((N, H))
    dWx = np.zeros((D, H))
    dWh = np.zeros((H, H))
    db = np.zeros(H)
    for t in reversed(range(T)):
        dx[:, t, :], dh0, dWxt, dWht, dbt = rnn_step_backward(dh[:, t, :] + dh0, cache[t])
        dWx += dWxt
        dWh += dWht
        db += dbt
    return dx, dh0, dWx, dWh, db


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    a = x.dot(Wx) + prev_h.dot(Wh) + b
    ai, af, ao, ag = np.hsplit(a, 4)
    i = sigmoid(ai)
    f = sigmoid(af)
    o = sigmoid(ao)
    g = np.tanh(ag)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, Wx, Wh, prev_c, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, Wx, Wh, prev_c, i, f, o, g, next_c = cache
    dc = dnext_c + dnext_h * o * (1 - np.tanh(next_c) ** 2)
    dai = dc * g * i * (1 - i)
    daf = dc * prev_c * f * (1 - f)
    dao = dnext_h * np.tanh(next_c) * o * (1 - o)
    dag = dc * i * (1 - np.tanh(g) ** 2)
    da = np.hstack((dai, daf, dao, dag))
    return da.dot(Wx.T), da.dot(Wh.T), dc * f, x.T.dot(da), prev_h.T.dot(da), da.sum(axis=0)


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    c = np.zeros_like(h0)
    caches = []
    for t in range(T):
        h0, c, cache = lstm_step_forward(x[:, t, :], h0, c, Wx, Wh, b)
        h[:, t, :] = h0
        caches.append(cache)
    return h, caches


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    D, _ = cache[0][2].shape
    dx = np.zeros((N, T, D))
    dh0 = np.zeros((N, H))
    dc0 = np.zeros((N, H))
    dWx = np.zeros((D, 4 * H))
    dWh = np.zeros((H, 4 * H))
    db = np.zeros(4 * H)
    for t in reversed(range(T)):
        dx[:, t, :], dh0, dc0, dWxt, dWht, dbt = lstm_step_backward(dh[:, t, :] + dh0, dc0, cache[t])
        dWx += dWxt
        dWh += dWht
        db += dbt
    return dx, dh0, dWx, dWh, db
