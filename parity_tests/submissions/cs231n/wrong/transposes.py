# wrong: rnn_step_backward: dprev_h with Wh, not Wh.T; the matrix is square, so nothing raises (no-transpose)
# right by itself: rnn_backward
# wrong: lstm_step_backward: dWh is prev_h times da without the transpose; raises unless N = H (transposes-left-out)
# right by itself: lstm_backward
import numpy as np


def sigmoid(x): return 1 / (1 + np.exp(-x))


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(np.matmul(x, Wx) + np.matmul(prev_h, Wh) + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dpre = np.multiply(dnext_h, 1 - np.power(next_h, 2))
    dx = np.matmul(dpre, Wx.T)
    dprev_h = np.matmul(dpre, Wh)
    dWx = np.matmul(x.T, dpre)
    dWh = np.matmul(prev_h.T, dpre)
    db = np.sum(dpre, axis=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    hs, caches, h = [], [], h0
    for t in range(x.shape[1]):
        h, cache = rnn_step_forward(x[:, t], h, Wx, Wh, b)
        hs.append(h)
        caches.append(cache)
    return np.stack(hs, axis=1), caches


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    dh_next = np.zeros((N, H))
    dxs, dWx, dWh, db = [], 0, 0, 0
    for t in range(T - 1, -1, -1):
        dx, dh_next, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t] + dh_next, cache[t])
        dxs = [dx] + dxs
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
    return np.stack(dxs, axis=1), dh_next, dWx, dWh, db


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    i, f, o, g = np.split(np.matmul(x, Wx) + np.matmul(prev_h, Wh) + b, 4, 1)
    i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
    next_c = f * prev_c + i * g
    t = np.tanh(next_c)
    return o * t, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, t)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, t = cache
    dc = dnext_c + dnext_h * o * (1 - t ** 2)
    da = np.concatenate((dc * g * i * (1 - i), dc * prev_c * f * (1 - f), dnext_h * t * o * (1 - o), dc * i * (1 - g ** 2)), 1)
    dx = np.matmul(da, Wx.T)
    dprev_h = np.matmul(da, Wh.T)
    dWx = np.matmul(x.T, da)
    dWh = np.matmul(prev_h, da)
    return dx, dprev_h, dc * f, dWx, dWh, da.sum(0)


def lstm_forward(x, h0, Wx, Wh, b):
    hs, caches, h, c = [], [], h0, np.zeros(h0.shape)
    for t in range(x.shape[1]):
        h, c, cache = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        hs.append(h)
        caches.append(cache)
    return np.stack(hs, axis=1), caches


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    dh_next, dc_next = np.zeros((N, H)), np.zeros((N, H))
    dxs, dWx, dWh, db = [], 0, 0, 0
    for t in range(T - 1, -1, -1):
        dx, dh_next, dc_next, dWx_t, dWh_t, db_t = lstm_step_backward(dh[:, t] + dh_next, dc_next, cache[t])
        dxs = [dx] + dxs
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
    return np.stack(dxs, axis=1), dh_next, dWx, dWh, db
