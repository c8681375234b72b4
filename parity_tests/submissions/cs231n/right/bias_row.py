import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(np.matmul(x, Wx) + np.matmul(prev_h, Wh) + b)
    cache = (x, prev_h, Wx, Wh, next_h)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dscore = dnext_h * (1 - np.square(next_h))
    dx = np.matmul(dscore, Wx.T)
    dprev_h = np.matmul(dscore, Wh.T)
    dWx = np.matmul(x.T, dscore)
    dWh = np.matmul(prev_h.T, dscore)
    # as a product with ones, so it keeps two axes: (1, H)
    db = np.matmul(np.ones((1, dscore.shape[0])), dscore)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    h = []
    cache = []
    h_now = h0
    for t in range(x.shape[1]):
        h_now, cache_now = rnn_step_forward(x[:, t], h_now, Wx, Wh, b)
        h.append(h_now[:, np.newaxis, :])
        cache.append(cache_now)
    return np.concatenate(h, axis=1), cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[-1]
    dx = np.zeros((N, T, D))
    dWx = np.zeros((D, H))
    dWh = np.zeros((H, H))
    db = np.zeros((1, H))
    dh_carry = np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        dx[:, t], dh_carry, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t] + dh_carry, cache[t])
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
    return dx, dh_carry, dWx, dWh, db


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    gates = np.matmul(x, Wx) + np.matmul(prev_h, Wh) + b
    gates[:, :3 * H] = 1 / (1 + np.exp(-gates[:, :3 * H]))
    gates[:, 3 * H:] = np.tanh(gates[:, 3 * H:])
    i, f, o, g = gates[:, :H], gates[:, H:2 * H], gates[:, 2 * H:3 * H], gates[:, 3 * H:]
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, gates, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, gates, next_c = cache
    H = prev_h.shape[1]
    i, f, o, g = gates[:, :H], gates[:, H:2 * H], gates[:, 2 * H:3 * H], gates[:, 3 * H:]
    dc = dnext_c + dnext_h * o * (1 - np.tanh(next_c) ** 2)
    dgates = np.concatenate((dc * g, dc * prev_c, dnext_h * np.tanh(next_c), dc * i), 1)
    dgates *= np.concatenate((i * (1 - i), f * (1 - f), o * (1 - o), 1 - g * g), 1)
    db = np.sum(dgates, axis=0, keepdims=True)
    return np.matmul(dgates, Wx.T), np.matmul(dgates, Wh.T), dc * f, np.matmul(x.T, dgates), np.matmul(prev_h.T, dgates), db


def lstm_forward(x, h0, Wx, Wh, b):
    h_now, c_now = h0, np.zeros_like(h0)
    h, cache = [], []
    for t in range(x.shape[1]):
        h_now, c_now, cache_now = lstm_step_forward(x[:, t], h_now, c_now, Wx, Wh, b)
        h.append(h_now[:, np.newaxis, :])
        cache.append(cache_now)
    return np.concatenate(h, axis=1), cache


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[-1]
    dx = np.zeros((N, T, D))
    dWx = np.zeros((D, 4 * H))
    dWh = np.zeros((H, 4 * H))
    db = np.zeros((1, 4 * H))
    dh_carry, dc_carry = np.zeros((N, H)), np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        dx[:, t], dh_carry, dc_carry, dWx_t, dWh_t, db_t = lstm_step_backward(dh[:, t] + dh_carry, dc_carry, cache[t])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dh_carry, dWx, dWh, db
