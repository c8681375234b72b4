import numpy as np


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(np.dot(prev_h, Wh) + np.dot(x, Wx) + b)
    cache = [x, prev_h, Wx, Wh, next_h]
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    # last in, first out
    next_h = cache.pop()
    Wh = cache.pop()
    Wx = cache.pop()
    prev_h = cache.pop()
    x = cache.pop()
    dz = dnext_h * (1 - next_h * next_h)
    dx = np.dot(dz, Wx.T)
    dprev_h = np.dot(dz, Wh.T)
    dWx = np.dot(x.T, dz)
    dWh = np.dot(prev_h.T, dz)
    db = np.sum(dz, 0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    cache = []
    state = h0
    for t in range(T):
        state, step_cache = rnn_step_forward(x[:, t, :], state, Wx, Wh, b)
        h[:, t, :] = state
        cache.append(step_cache)
    cache.append(D)
    return h, cache


def rnn_backward(dh, cache):
    D = cache.pop()
    N, T, H = dh.shape
    dx = np.zeros((N, T, D))
    dstate = np.zeros((N, H))
    dWx, dWh, db = np.zeros((D, H)), np.zeros((H, H)), np.zeros(H)
    t = T
    while cache:
        t -= 1
        dx[:, t, :], dstate, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t, :] + dstate, cache.pop())
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dstate, dWx, dWh, db


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    a = np.dot(x, Wx) + np.dot(prev_h, Wh) + b
    ai, af, ao, ag = np.array_split(a, 4, axis=1)
    i, f, o, g = sigmoid(ai), sigmoid(af), sigmoid(ao), np.tanh(ag)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    cache = {'in': (x, prev_h, prev_c), 'w': (Wx, Wh), 'gates': (i, f, o, g), 'c': next_c}
    return next_h, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c = cache.pop('in')
    Wx, Wh = cache.pop('w')
    i, f, o, g = cache.pop('gates')
    t = np.tanh(cache.pop('c'))
    dc = dnext_c + dnext_h * o * (1 - t * t)
    da = np.empty((x.shape[0], b_size(Wh)))
    H = o.shape[1]
    da[:, :H] = dc * g * i * (1 - i)
    da[:, H:2 * H] = dc * prev_c * f * (1 - f)
    da[:, 2 * H:3 * H] = dnext_h * t * o * (1 - o)
    da[:, 3 * H:] = dc * i * (1 - g * g)
    return np.dot(da, Wx.T), np.dot(da, Wh.T), dc * f, np.dot(x.T, da), np.dot(prev_h.T, da), np.sum(da, 0)


def b_size(W):
    return W.shape[1]


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    cache = []
    state, cell = h0, np.zeros_like(h0)
    for t in range(T):
        state, cell, step_cache = lstm_step_forward(x[:, t, :], state, cell, Wx, Wh, b)
        h[:, t, :] = state
        cache.append(step_cache)
    return h, cache


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    dstate, dcell = np.zeros((N, H)), np.zeros((N, H))
    dx, dWx, dWh, db = None, 0, 0, 0
    for t in reversed(range(T)):
        dx_t, dstate, dcell, dWx_t, dWh_t, db_t = lstm_step_backward(dh[:, t, :] + dstate, dcell, cache.pop())
        if dx is None:
            dx = np.zeros((N, T, dx_t.shape[1]))
        dx[:, t, :] = dx_t
        dWx = dWx_t + dWx
        dWh = dWh_t + dWh
        db = db_t + db
    return dx, dstate, dWx, dWh, db
