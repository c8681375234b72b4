import torch
from torch import Tensor


def rnn_step_forward(x: Tensor, prev_h: Tensor, Wx: Tensor, Wh: Tensor, b: Tensor):
    next_h = torch.tanh(torch.einsum("nd,dh->nh", x, Wx) + torch.einsum("ng,gh->nh", prev_h, Wh) + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h: Tensor, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dz = dnext_h.mul(1 - next_h.square())
    return (torch.einsum("nh,dh->nd", dz, Wx), torch.einsum("nh,gh->ng", dz, Wh),
            torch.einsum("nd,nh->dh", x, dz), torch.einsum("ng,nh->gh", prev_h, dz), torch.einsum("nh->h", dz))


def rnn_forward(x: Tensor, h0: Tensor, Wx: Tensor, Wh: Tensor, b: Tensor):
    h = [h0]
    caches = []
    for t in range(x.size(1)):
        nxt, cache = rnn_step_forward(x[:, t], h[-1], Wx, Wh, b)
        h += [nxt]
        caches += [cache]
    return torch.stack(h[1:]).permute(1, 0, 2), caches


def rnn_backward(dh: Tensor, cache):
    grads = [torch.zeros_like(p) for p in (cache[0][2], cache[0][3])] + [torch.zeros_like(dh[0, 0])]
    carried = torch.zeros_like(dh[:, 0])
    dx = []
    for t in range(dh.size(1) - 1, -1, -1):
        dxt, carried, *step = rnn_step_backward(dh[:, t] + carried, cache[t])
        dx.insert(0, dxt)
        for total, g in zip(grads, step):
            total += g
    return torch.stack(dx, dim=1), carried, grads[0], grads[1], grads[2]


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b, attn=None, Wattn=None):
    A = torch.cat((x, prev_h), dim=1) @ torch.cat((Wx, Wh), dim=0) + b
    if attn is not None:
        A += attn @ Wattn
    ifo, g = torch.split(A, [3 * prev_h.size(1), prev_h.size(1)], dim=1)
    i, f, o = ifo.sigmoid().split(prev_h.size(1), dim=1)
    c = f * prev_c + i * g.tanh()
    return o * c.tanh(), c


def lstm_forward(x, h0, Wx, Wh, b):
    hn = torch.empty(x.size(0), x.size(1), h0.size(1), dtype=x.dtype)
    h, c = h0, h0.new_zeros(h0.shape)
    for t in range(x.size(1)):
        h, c = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        hn[:, t] = h
    return hn
