# wrong: rnn_step_backward: axis arguments of NumPy: dz.sum(axis=1), so db is (N,) (bias-not-summed)
# wrong: rnn_backward: range(T - 1, 0, -1), step 0 is never reached (last-step-skipped)
import numpy as np
import torch


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = torch.tanh(torch.matmul(x, Wx) + torch.matmul(prev_h, Wh) + b)
    cache = (x, prev_h, Wx, Wh, next_h)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dz = dnext_h * (1 - next_h ** 2)
    return torch.matmul(dz, Wx.T), torch.matmul(dz, Wh.T), torch.matmul(x.T, dz), torch.matmul(prev_h.T, dz), dz.sum(axis=1)


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = torch.tensor(np.zeros((N, T, h0.shape[1])), dtype=x.dtype)
    cache = []
    prev = h0
    for t in range(T):
        prev, c = rnn_step_forward(x[:, t], prev, Wx, Wh, b)
        h[:, t] = prev
        cache.append(c)
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = torch.tensor(np.zeros((N, T, D)), dtype=dh.dtype)
    dWx = torch.tensor(np.zeros((D, H)), dtype=dh.dtype)
    dWh = torch.tensor(np.zeros((H, H)), dtype=dh.dtype)
    db = torch.tensor(np.zeros(H), dtype=dh.dtype)
    dprev = torch.tensor(np.zeros((N, H)), dtype=dh.dtype)
    for t in range(T - 1, 0, -1):
        dx[:, t], dprev, a, c, e = rnn_step_backward(dh[:, t] + dprev, cache[t])
        dWx += a
        dWh += c
        db += e
    return dx, dprev, dWx, dWh, db
