import numpy as np
from itertools import accumulate


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(np.inner(x, Wx.T) + np.inner(prev_h, Wh.T) + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dz = np.multiply(dnext_h, 1 - np.power(next_h, 2))
    return np.inner(dz, Wx), np.inner(dz, Wh), np.inner(x.T, dz.T), np.inner(prev_h.T, dz.T), np.ones(len(dz)) @ dz


def rnn_forward(x, h0, Wx, Wh, b):
    ahead = lambda last, xt: rnn_step_forward(xt, last[0], Wx, Wh, b)
    steps = list(accumulate(x.transpose(1, 0, 2), ahead, initial=(h0, None)))[1:]
    return np.stack([h for h, _ in steps], axis=1), [c for _, c in steps]


def walk_back(dh, cache):
    carry = 0
    for t in range(dh.shape[1] - 1, -1, -1):
        grads = rnn_step_backward(dh[:, t] + carry, cache[t])
        carry = grads[1]
        yield grads


def rnn_backward(dh, cache):
    dxs, dhs, *weights = zip(*walk_back(dh, cache))
    dWx, dWh, db = (np.sum(w, axis=0) for w in weights)
    return np.stack(dxs[::-1], axis=1), dhs[-1], dWx, dWh, db
