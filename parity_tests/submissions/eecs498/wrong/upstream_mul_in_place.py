# wrong: rnn_step_backward: the values are right, but dnext_h.mul_() changes the caller's tensor (upstream-in-place)
# wrong: rnn_backward: dh[:, t] += dprev_h is done on the caller's dh; the values are right (upstream-in-place)
import torch


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = torch.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dz = dnext_h.mul_(1 - next_h ** 2)
    return dz @ Wx.T, dz @ Wh.T, x.T @ dz, prev_h.T @ dz, dz.sum(0)


def rnn_forward(x, h0, Wx, Wh, b):
    h, cache = [], []
    for t in range(x.shape[1]):
        h0, c = rnn_step_forward(x[:, t], h0, Wx, Wh, b)
        h.append(h0)
        cache.append(c)
    return torch.stack(h, dim=1), cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = dh.new_zeros(N, T, D)
    dWx, dWh, db = dh.new_zeros(D, H), dh.new_zeros(H, H), dh.new_zeros(H)
    dprev_h = dh.new_zeros(N, H)
    for t in range(T - 1, -1, -1):
        dh[:, t] += dprev_h
        dx[:, t], dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t], cache[t])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dprev_h, dWx, dWh, db
