import numpy as np
DTYPE = np.float32


def sigmoid(x):
    return 1. / (1. + np.exp(-x))


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x.dot(Wx) + prev_h.dot(Wh) + b).astype(DTYPE)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dz = (dnext_h * (1 - next_h ** 2)).astype(DTYPE)
    return dz.dot(Wx.T), dz.dot(Wh.T), x.T.dot(dz), prev_h.T.dot(dz), dz.sum(axis=0)


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H), dtype=DTYPE)
    caches = []
    for t in range(T):
        h[:, t, :], cache = rnn_step_forward(x[:, t, :], h[:, t - 1, :] if t > 0 else h0, Wx, Wh, b)
        caches.append(cache)
    return h, caches


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D), dtype=DTYPE)
    dh_t = np.zeros((N, H), dtype=DTYPE)
    dWx = np.zeros((D, H), dtype=DTYPE)
    dWh = np.zeros((H, H), dtype=DTYPE)
    db = np.zeros(H, dtype=DTYPE)
    for t in range(T - 1, -1, -1):
        dh_t += dh[:, t, :]
        dx[:, t, :], dh_t, dWx_t, dWh_t, db_t = rnn_step_backward(dh_t, cache[t])
        dWx += dWx_t.astype(DTYPE)
        dWh += dWh_t.astype(DTYPE)
        db += db_t
        dh_t = dh_t.astype(DTYPE)
    return dx, dh_t, dWx, dWh, db


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = (x.dot(Wx) + prev_h.dot(Wh) + b).astype(DTYPE)
    i = sigmoid(a[:, 0 * H:1 * H])
    f = sigmoid(a[:, 1 * H:2 * H])
    o = sigmoid(a[:, 2 * H:3 * H])
    g = np.tanh(a[:, 3 * H:4 * H])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    N, H = prev_h.shape
    tanh_c = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - tanh_c ** 2)
    da = np.zeros((N, 4 * H), dtype=DTYPE)
    da[:, 0 * H:1 * H] = dc * g * i * (1 - i)
    da[:, 1 * H:2 * H] = dc * prev_c * f * (1 - f)
    da[:, 2 * H:3 * H] = dnext_h * tanh_c * o * (1 - o)
    da[:, 3 * H:4 * H] = dc * i * (1 - g ** 2)
    return da.dot(Wx.T), da.dot(Wh.T), dc * f, x.T.dot(da), prev_h.T.dot(da), da.sum(axis=0)


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]), dtype=DTYPE)
    c = np.zeros(h0.shape, dtype=DTYPE)
    hh = h0
    caches = []
    for t in range(T):
        hh, c, cache = lstm_step_forward(x[:, t, :], hh, c, Wx, Wh, b)
        h[:, t, :] = hh
        caches.append(cache)
    return h, caches


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D), dtype=DTYPE)
    dhh = np.zeros((N, H), dtype=DTYPE)
    dc = np.zeros((N, H), dtype=DTYPE)
    dW = [np.zeros((D, 4 * H), dtype=DTYPE), np.zeros((H, 4 * H), dtype=DTYPE), np.zeros(4 * H, dtype=DTYPE)]
    for t in range(T - 1, -1, -1):
        out = lstm_step_backward(dh[:, t, :] + dhh, dc, cache[t])
        dx[:, t, :], dhh, dc = out[:3]
        for total, one in zip(dW, out[3:]):
            total += one.astype(DTYPE)
    return (dx, dhh) + tuple(dW)
