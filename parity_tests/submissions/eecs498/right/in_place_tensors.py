"""In-place methods on my own tensors only (clone first)."""
import torch


@torch.no_grad()
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    out = b.expand(x.size(0), -1).clone()
    out.addmm_(x, Wx).addmm_(prev_h, Wh).tanh_()
    return out, {'x': x, 'h': prev_h, 'Wx': Wx, 'Wh': Wh, 'out': out}


@torch.no_grad()
def rnn_step_backward(dnext_h, cache):
    d = cache['out'].clone().pow_(2).neg_().add_(1).mul_(dnext_h)
    return d.mm(cache['Wx'].t()), d.mm(cache['Wh'].t()), cache['x'].t().mm(d), cache['h'].t().mm(d), d.sum(dim=0)


@torch.no_grad()
def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.size()
    h = x.new_empty(N, T, h0.size(1))
    cache = []
    for t in range(T):
        h0, step = rnn_step_forward(x[:, t], h0, Wx, Wh, b)
        h[:, t].copy_(h0)
        cache.append(step)
    return h, cache


@torch.no_grad()
def rnn_backward(dh, cache):
    N, T, H = dh.size()
    D = cache[0]['x'].size(1)
    dx = dh.new_zeros(N, T, D)
    dprev = dh.new_zeros(N, H)
    dWx, dWh, db = dh.new_zeros(D, H), dh.new_zeros(H, H), dh.new_zeros(H)
    for t in range(T - 1, -1, -1):
        dprev.add_(dh[:, t])
        dxt, dprev, a, c, e = rnn_step_backward(dprev, cache.pop())
        dx[:, t].copy_(dxt)
        dWx.add_(a)
        dWh.add_(c)
        db.add_(e)
    return dx, dprev, dWx, dWh, db
