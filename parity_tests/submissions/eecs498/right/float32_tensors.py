import torch

to_float = torch.float
to_long = torch.long


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    x, prev_h, Wx, Wh, b = [v.to(to_float) for v in (x, prev_h, Wx, Wh, b)]
    next_h = torch.tanh(x.matmul(Wx) + prev_h.matmul(Wh) + b)
    cache = (x, prev_h, Wx, Wh, next_h)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dz = dnext_h.to(to_float) * (1 - next_h ** 2)
    return dz.matmul(Wx.t()), dz.matmul(Wh.t()), x.t().matmul(dz), prev_h.t().matmul(dz), dz.sum(dim=0)


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = torch.zeros(N, T, h0.shape[1])            # float32 by default
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
    dx = torch.zeros(N, T, D)
    dWx = torch.zeros(D, H)
    dWh = torch.zeros(H, H)
    db = torch.zeros(H)
    dprev_h = torch.zeros(N, H)
    for t in range(T - 1, -1, -1):
        dx[:, t], dprev_h, a, c, e = rnn_step_backward(dh[:, t] + dprev_h, cache[t])
        dWx += a
        dWh += c
        db += e
    return dx, dprev_h, dWx, dWh, db


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b, attn=None, Wattn=None):
    x, prev_h, prev_c, Wx, Wh, b = [v.to(to_float) for v in (x, prev_h, prev_c, Wx, Wh, b)]
    acts = x.matmul(Wx) + prev_h.matmul(Wh) + b
    if attn is not None and Wattn is not None:
        acts = acts + attn.to(to_float).matmul(Wattn.to(to_float))
    H = prev_h.shape[1]
    gates = torch.sigmoid(acts[:, :3 * H])
    next_c = gates[:, H:2 * H] * prev_c + gates[:, :H] * torch.tanh(acts[:, 3 * H:])
    next_h = gates[:, 2 * H:] * torch.tanh(next_c)
    return next_h, next_c


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = torch.zeros(N, T, h0.shape[1])
    prev_h, prev_c = h0, torch.zeros(h0.shape)
    for t in range(T):
        prev_h, prev_c = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)
        h[:, t] = prev_h
    return h
