# wrong: rnn_backward: dWx and dWh are those of the step processed last (not-accumulated), dx filled from the front (time reversed)
# wrong: rnn_step_backward: dprev_h = dz @ Wh, the transpose is missing (no-transpose)
import torch

device = torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = torch.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dz = (1 - next_h ** 2) * dnext_h
    dx = dz @ Wx.T
    dprev_h = dz @ Wh
    dWx = x.T @ dz
    dWh = prev_h.T @ dz
    db = dz.sum(dim=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    h, cache = [], []
    state = h0
    for t in range(x.shape[1]):
        state, one = rnn_step_forward(x[:, t], state, Wx, Wh, b)
        h.append(state)
        cache.append(one)
    return torch.stack(h, dim=1), cache


def rnn_backward(dh, cache):
    dx = []
    dstate = torch.zeros_like(dh[:, 0])
    db = torch.zeros_like(dh[0, 0])
    for t in reversed(range(dh.shape[1])):
        dxt, dstate, dWx, dWh, db_t = rnn_step_backward(dh[:, t] + dstate, cache[t])
        dx.append(dxt)
        db += db_t
    return torch.stack(dx, dim=1), dstate, dWx, dWh, db
