# wrong: lstm_step_forward: chunks named f, i, o, g (gates-swapped)
# right by itself: lstm_forward
# wrong: rnn_forward: h[:, t-1] instead of h0 at t = 0, still zero there: h0 is ignored (a0-ignored)
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
    h = torch.zeros((N, T, h0.shape[1]), dtype=h0.dtype, device=h0.device)
    cache = []
    for t in range(T):
        h[:, t, :], c = rnn_step_forward(x[:, t, :], h[:, t - 1, :].clone(), Wx, Wh, b)
        cache.append(c)
    return h, cache


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b, attn=None, Wattn=None):
    a = x.mm(Wx) + prev_h.mm(Wh) + b
    if attn is not None:
        a = a + attn.mm(Wattn)
    f, i, o, g = torch.chunk(a, 4, dim=1)
    next_c = torch.sigmoid(f) * prev_c + torch.sigmoid(i) * torch.tanh(g)
    next_h = torch.sigmoid(o) * torch.tanh(next_c)
    return next_h, next_c


def lstm_forward(x, h0, Wx, Wh, b):
    h, c, hs = h0, torch.zeros_like(h0), []
    for t in range(x.shape[1]):
        h, c = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        hs.append(h)
    return torch.stack(hs, dim=1)
