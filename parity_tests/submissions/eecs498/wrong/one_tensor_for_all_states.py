# wrong: rnn_forward: h[:, t] is written into one buffer `now` in place: every cache's prev_h is the last state (cell-state-view); h is right
# right by itself: rnn_backward
import torch


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = torch.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, {'x': x, 'prev_h': prev_h, 'Wx': Wx, 'Wh': Wh, 'next_h': next_h}


def rnn_step_backward(dnext_h, cache):
    d = dnext_h * (1 - cache['next_h'] ** 2)
    return d @ cache['Wx'].T, d @ cache['Wh'].T, cache['x'].T @ d, cache['prev_h'].T @ d, d.sum(dim=0)


def rnn_forward(x, h0, Wx, Wh, b):
    h = x.new_zeros(x.shape[0], x.shape[1], h0.shape[1])
    now = h0.clone()
    caches = []
    for t in range(x.shape[1]):
        nxt, cache = rnn_step_forward(x[:, t], now, Wx, Wh, b)
        now.copy_(nxt)
        h[:, t] = now
        caches.append(cache)
    return h, caches


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    dx = []
    dprev = torch.zeros_like(dh[:, 0])
    sums = [0, 0, 0]
    for t in range(T - 1, -1, -1):
        dxt, dprev, *g = rnn_step_backward(dh[:, t] + dprev, cache[t])
        dx.append(dxt)
        sums = [s + v for s, v in zip(sums, g)]
    return torch.stack(dx[::-1], dim=1), dprev, *sums
