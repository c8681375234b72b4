# wrong: rnn_backward: dprev_h is unpacked and never used for the step before (no-carry)
import torch


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = torch.tanh(x.mm(Wx) + prev_h.mm(Wh) + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    d = dnext_h * (1 - next_h ** 2)
    return d.mm(Wx.t()), d.mm(Wh.t()), x.t().mm(d), prev_h.t().mm(d), d.sum(dim=0)


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = torch.zeros(N, T, h0.shape[1], dtype=x.dtype, device=x.device)
    cache = []
    prev_h = h0
    for t in range(T):
        prev_h, c = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)
        h[:, t] = prev_h
        cache.append(c)
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    kw = {'dtype': dh.dtype, 'device': dh.device}
    dx, dWx, dWh, db = torch.zeros(N, T, D, **kw), torch.zeros(D, H, **kw), torch.zeros(H, H, **kw), torch.zeros(H, **kw)
    dprev_h = torch.zeros(N, H, **kw)
    for t in reversed(range(T)):
        dx_t, dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t], cache[t])
        dx[:, t] = dx_t
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dprev_h, dWx, dWh, db
