# wrong: rnn_step_backward: dz.sum() over all dimensions (bias-not-summed), 1 - tanh(next_h)**2 (derivative-of-activated)
# right by itself: rnn_backward
import torch


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = torch.tanh(torch.mm(x, Wx) + torch.mm(prev_h, Wh) + b)
    cache = (x, prev_h, Wx, Wh, next_h)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dz = dnext_h * (1 - torch.tanh(next_h) ** 2)
    dx = torch.mm(dz, Wx.t())
    dprev_h = torch.mm(dz, Wh.t())
    dWx = torch.mm(x.t(), dz)
    dWh = torch.mm(prev_h.t(), dz)
    db = dz.sum()
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = torch.zeros(N, T, h0.shape[1]).to(x.device).to(x.dtype)
    cache = []
    h_t = h0
    for t in range(T):
        h_t, c = rnn_step_forward(x[:, t, :], h_t, Wx, Wh, b)
        h[:, t, :] = h_t
        cache.append(c)
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = torch.zeros(N, T, D).to(dh.device).to(dh.dtype)
    dWx = torch.zeros(D, H).to(dh.device).to(dh.dtype)
    dWh = torch.zeros(H, H).to(dh.device).to(dh.dtype)
    db = torch.zeros(H).to(dh.device).to(dh.dtype)
    dh0 = torch.zeros(N, H).to(dh.device).to(dh.dtype)
    for t in range(T - 1, -1, -1):
        dx[:, t, :], dh0, a, c, e = rnn_step_backward(dh[:, t, :] + dh0, cache[t])
        dWx += a
        dWh += c
        db += e
    return dx, dh0, dWx, dWh, db
