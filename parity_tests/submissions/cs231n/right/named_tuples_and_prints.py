import numpy as np
from collections import namedtuple, deque

RnnCache = namedtuple('RnnCache', 'x prev_h Wx Wh next_h')
LstmCache = namedtuple('LstmCache', 'x prev_h prev_c Wx Wh i f o g next_c')

DEBUG = True


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    if DEBUG:
        print("x", x.shape, "h", prev_h.shape)
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, RnnCache(x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    dz = dnext_h * (1 - cache.next_h ** 2)
    if DEBUG:
        print("dz", dz.shape, "mean", dz.mean())
    return dz @ cache.Wx.T, dz @ cache.Wh.T, cache.x.T @ dz, cache.prev_h.T @ dz, dz.sum(axis=0)


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    print('N =', N, 'T =', T, 'D =', D)
    h = np.zeros((N, T, h0.shape[1]))
    cache = deque()
    state = h0.copy()
    for t in range(T):
        state, step = rnn_step_forward(x[:, t, :], state, Wx, Wh, b)
        h[:, t, :] = state
        cache.appendleft(step)          # newest first, backward just walks it
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0].x.shape[1]
    dx = np.zeros((N, T, D))
    dh0, dWx, dWh, db = np.zeros((N, H)), np.zeros((D, H)), np.zeros((H, H)), np.zeros((H,))
    for k, step in enumerate(cache):
        t = T - 1 - k
        print('step', t)
        dx[:, t, :], dh0, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t, :] + dh0, step)
        np.add(dWx, dWx_t, out=dWx)
        np.add(dWh, dWh_t, out=dWh)
        np.add(db, db_t, out=db)
    return dx, dh0, dWx, dWh, db


def sigmoid(x):
    return np.exp(-np.logaddexp(0, -x))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    z = x @ Wx + prev_h @ Wh + b
    sl = [slice(k * H, (k + 1) * H) for k in range(4)]
    i, f, o = [sigmoid(z[:, s]) for s in sl[:3]]
    g = np.tanh(z[:, sl[3]])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, LstmCache(x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    c = cache
    th = np.tanh(c.next_c)
    total = dnext_c + dnext_h * c.o * (1 - th * th)
    di = total * c.g * (c.i - c.i ** 2)
    df = total * c.prev_c * (c.f - c.f ** 2)
    do = dnext_h * th * (c.o - c.o ** 2)
    dg = total * c.i * (1 - c.g ** 2)
    # gate by gate instead of one big matrix
    Wxs, Whs = np.split(c.Wx, 4, axis=1), np.split(c.Wh, 4, axis=1)
    ds = [di, df, do, dg]
    dx = sum(d @ W.T for d, W in zip(ds, Wxs))
    dprev_h = sum(d @ W.T for d, W in zip(ds, Whs))
    dWx = np.concatenate([c.x.T @ d for d in ds], axis=1)
    dWh = np.concatenate([c.prev_h.T @ d for d in ds], axis=1)
    db = np.concatenate([d.sum(axis=0) for d in ds])
    return dx, dprev_h, total * c.f, dWx, dWh, db


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    cache = deque()
    state, cell = h0.copy(), np.zeros_like(h0)
    for t in range(T):
        state, cell, step = lstm_step_forward(x[:, t, :], state, cell, Wx, Wh, b)
        h[:, t, :] = state
        cache.appendleft(step)
    return h, cache


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0].x.shape[1]
    dx = np.zeros((N, T, D))
    dh0, dc0 = np.zeros((N, H)), np.zeros((N, H))
    dWx, dWh, db = np.zeros((D, 4 * H)), np.zeros((H, 4 * H)), np.zeros((4 * H,))
    for k, step in enumerate(cache):
        t = T - 1 - k
        dx[:, t, :], dh0, dc0, dWx_t, dWh_t, db_t = lstm_step_backward(dh[:, t, :] + dh0, dc0, step)
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dh0, dWx, dWh, db
