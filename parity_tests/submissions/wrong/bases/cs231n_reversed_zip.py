import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(sum((x @ Wx, prev_h @ Wh, b)))
    return next_h, dict(x=x, prev_h=prev_h, Wx=Wx, Wh=Wh, slope=1 - next_h**2)


def rnn_step_backward(dnext_h, cache):
    d = dnext_h * cache["slope"]
    return (*(d @ cache[k].T for k in ("Wx", "Wh")), *(cache[k].T @ d for k in ("x", "prev_h")), d.sum(0))


def rnn_forward(x, h0, Wx, Wh, b):
    states, caches = [h0], []
    for t in range(x.shape[1]):
        state, cache = rnn_step_forward(x[:, t], states[t], Wx, Wh, b)
        states.append(state)
        caches.append(cache)
    return np.stack(states[1:], axis=1), caches


def rnn_backward(dh, cache):
    dprev, dxs, parts = np.zeros_like(dh[:, 0]), [], []
    for d, c in reversed(list(zip(dh.swapaxes(0, 1), cache))):
        dx, dprev, *rest = rnn_step_backward(d + dprev, c)
        dxs.append(dx)
        parts.append(rest)
    return np.stack(dxs[::-1], axis=1), dprev, *(sum(p) for p in zip(*parts))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    squash = lambda z: 1 / (1 + np.exp(-z))
    pre = dict(zip("ifog", np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)))
    gate = {k: np.tanh(v) if k == "g" else squash(v) for k, v in pre.items()}
    next_c = gate["f"] * prev_c + gate["i"] * gate["g"]
    next_h = gate["o"] * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, gate, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, gate, next_c = cache
    i, f, o, g = (gate[k] for k in "ifog")
    t = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - t**2)
    d = dict(i=dc * g * i * (1 - i), f=dc * prev_c * f * (1 - f), o=dnext_h * t * o * (1 - o), g=dc * i * (1 - g**2))
    da = np.hstack([d[k] for k in "ifog"])
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


def lstm_forward(x, h0, Wx, Wh, b):
    h, c = h0, np.zeros(h0.shape)
    steps = []
    for xt in x.swapaxes(0, 1):
        h, c, cache = lstm_step_forward(xt, h, c, Wx, Wh, b)
        steps.append((h, cache))
    hs, caches = zip(*steps)
    return np.stack(hs, axis=1), caches


def lstm_backward(dh, cache):
    dprev, dc, dxs, parts = 0, 0, [], []
    for d, c in reversed(list(zip(dh.swapaxes(0, 1), cache))):
        dx, dprev, dc, *rest = lstm_step_backward(d + dprev, dc, c)
        dxs.append(dx)
        parts.append(rest)
    return np.stack(dxs[::-1], axis=1), dprev, *(sum(p) for p in zip(*parts))
