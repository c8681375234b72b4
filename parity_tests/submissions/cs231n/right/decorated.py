import functools
import time

import numpy as np

TIMES = {}


def timed(fn):
    @functools.wraps(fn)
    def wrapper(*args, **kwargs):
        start = time.time()
        try:
            return fn(*args, **kwargs)
        finally:
            TIMES[fn.__name__] = TIMES.get(fn.__name__, 0) + time.time() - start
    return wrapper


def checks_shapes(*names):
    def decorate(fn):
        @functools.wraps(fn)
        def wrapper(x, *args):
            assert x.ndim in (2, 3), "%s: bad %s" % (fn.__name__, names[0])
            return fn(x, *args)
        return wrapper
    return decorate


@timed
@checks_shapes("x")
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b[None, :])

    def backward(dnext_h):
        dz = dnext_h * (1 - next_h ** 2)
        return dz @ Wx.T, dz @ Wh.T, x.T @ dz, prev_h.T @ dz, np.add.reduce(dz, axis=0)

    return next_h, backward      # the cache is a function


@timed
def rnn_step_backward(dnext_h, cache):
    return cache(dnext_h)


@timed
@checks_shapes("x")
def rnn_forward(x, h0, Wx, Wh, b):
    h, cache = [h0], []
    for xt in np.rollaxis(x, 1):
        nxt, back = rnn_step_forward(xt, h[-1], Wx, Wh, b)
        h.append(nxt)
        cache.append(back)
    return np.stack(h[1:], axis=1), cache


@timed
def rnn_backward(dh, cache):
    dx, dh0, dWx, dWh, db = [], np.zeros_like(dh[:, 0]), 0, 0, 0
    for back, d in zip(cache[::-1], np.rollaxis(dh, 1)[::-1]):
        dxt, dh0, *rest = rnn_step_backward(d + dh0, back)
        dx = [dxt] + dx
        dWx, dWh, db = dWx + rest[0], dWh + rest[1], db + rest[2]
    return np.stack(dx, axis=1), dh0, dWx, dWh, db


@timed
@checks_shapes("x")
def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    sigmoid = lambda v: 1 / (1 + np.exp(-v))
    i, f, o, g = np.hsplit(x @ Wx + prev_h @ Wh + b, 4)
    i, f, o = map(sigmoid, (i, f, o))
    g = np.tanh(g)
    next_c = f * prev_c + i * g
    tc = np.tanh(next_c)

    def backward(dnext_h, dnext_c):
        dc = dnext_c + dnext_h * o * (1 - tc ** 2)
        d = np.hstack([dc * g * i * (1 - i), dc * prev_c * f * (1 - f), dnext_h * tc * o * (1 - o), dc * i * (1 - g ** 2)])
        return d @ Wx.T, d @ Wh.T, dc * f, x.T @ d, prev_h.T @ d, d.sum(axis=0)

    return o * tc, next_c, backward


@timed
def lstm_step_backward(dnext_h, dnext_c, cache):
    return cache(dnext_h, dnext_c)


@timed
@checks_shapes("x")
def lstm_forward(x, h0, Wx, Wh, b):
    h, c, cache = [h0], np.zeros_like(h0), []
    for xt in np.rollaxis(x, 1):
        nxt, c, back = lstm_step_forward(xt, h[-1], c, Wx, Wh, b)
        h.append(nxt)
        cache.append(back)
    return np.stack(h[1:], axis=1), cache


@timed
def lstm_backward(dh, cache):
    dx, dh0, dc, totals = [], np.zeros_like(dh[:, 0]), np.zeros_like(dh[:, 0]), [0, 0, 0]
    for back, d in zip(cache[::-1], np.rollaxis(dh, 1)[::-1]):
        dxt, dh0, dc, *rest = lstm_step_backward(d + dh0, dc, back)
        dx.insert(0, dxt)
        totals = [a + b for a, b in zip(totals, rest)]
    return np.stack(dx, axis=1), dh0, *totals
