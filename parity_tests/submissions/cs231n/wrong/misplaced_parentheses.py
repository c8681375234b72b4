# wrong: lstm_step_backward: the parenthesis closes too late, o * (1 - tanh(c)**2 * dnext_h + dnext_c) (misplaced-parentheses), and the order in da is i, o, f, g
# right by itself: lstm_backward
# wrong: rnn_backward: upstream gradient of step t added to the carry twice
import numpy as np

np.random.seed(231)


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    hidden = np.tanh(x @ Wx + prev_h @ Wh + b)
    return hidden, (x, prev_h, Wx, Wh, hidden)


def rnn_step_backward(dnext_h, cache):
    (x, prev_h, Wx, Wh, hidden) = cache
    dpre = (1 - hidden ** 2) * dnext_h
    return dpre @ Wx.T, dpre @ Wh.T, x.T @ dpre, prev_h.T @ dpre, dpre.sum(axis=0)


def rnn_forward(x, h0, Wx, Wh, b):
    h, cache = [], []
    for t in range(x.shape[1]):
        out, c = rnn_step_forward(x[:, t], h[-1] if h else h0, Wx, Wh, b)
        h.append(out)
        cache.append(c)
    return np.transpose(h, (1, 0, 2)), cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D))
    dWx, dWh, db = np.zeros((D, H)), np.zeros((H, H)), np.zeros(H)
    dprev = np.zeros((N, H))
    for t in reversed(range(T)):
        dprev += dh[:, t]
        dx[:, t], dprev, a, c, e = rnn_step_backward(dprev + dh[:, t], cache[t])
        dWx += a; dWh += c; db += e
    return dx, dprev, dWx, dWh, db


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    pre = x @ Wx + prev_h @ Wh + b
    i, f, o = sigmoid(pre[:, 0:H]), sigmoid(pre[:, H:2*H]), sigmoid(pre[:, 2*H:3*H])
    g = np.tanh(pre[:, 3*H:])
    c = f * prev_c + i * g
    return o * np.tanh(c), c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    (x, prev_h, prev_c, Wx, Wh, i, f, o, g, c) = cache
    dc = o * (1 - np.tanh(c) ** 2 * dnext_h + dnext_c)
    di, df, do, dg = dc * g * i * (1 - i), dc * prev_c * f * (1 - f), dnext_h * np.tanh(c) * o * (1 - o), dc * i * (1 - g ** 2)
    dpre = np.hstack((di, do, df, dg))
    return dpre @ Wx.T, dpre @ Wh.T, dc * f, x.T @ dpre, prev_h.T @ dpre, dpre.sum(axis=0)


def lstm_forward(x, h0, Wx, Wh, b):
    h, c, cache = [], np.zeros_like(h0), []
    for t in range(x.shape[1]):
        out, c, one = lstm_step_forward(x[:, t], h[-1] if h else h0, c, Wx, Wh, b)
        h.append(out)
        cache.append(one)
    return np.transpose(h, (1, 0, 2)), cache


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D))
    dWx, dWh, db = np.zeros((D, 4*H)), np.zeros((H, 4*H)), np.zeros(4*H)
    dprev, dcell = np.zeros((N, H)), np.zeros((N, H))
    for t in reversed(range(T)):
        dx[:, t], dprev, dcell, a, c, e = lstm_step_backward(dprev + dh[:, t], dcell, cache[t])
        dWx += a; dWh += c; db += e
    return dx, dprev, dWx, dWh, db
