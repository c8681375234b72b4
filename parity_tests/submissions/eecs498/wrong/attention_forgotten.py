# wrong: lstm_step_forward: attn and Wattn are taken and left out; tanh on the output gate, sigmoid on the candidate (wrong-variable)
# wrong: lstm_forward: c is not handed on: the step gets the zero c0 every time (a0-every-step)
import torch


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b, attn=None, Wattn=None):
    H = prev_h.shape[1]
    a = x.mm(Wx) + prev_h.mm(Wh) + b
    i = torch.sigmoid(a[:, :H])
    f = torch.sigmoid(a[:, H:2 * H])
    o = torch.tanh(a[:, 2 * H:3 * H])
    g = torch.sigmoid(a[:, 3 * H:])
    next_c = f * prev_c + i * g
    next_h = o * torch.tanh(next_c)
    return next_h, next_c


def lstm_forward(x, h0, Wx, Wh, b):
    c0 = torch.zeros_like(h0)
    N, T, D = x.shape
    h = torch.zeros(N, T, h0.shape[1], dtype=x.dtype, device=x.device)
    prev_h = h0
    for t in range(T):
        prev_h, c = lstm_step_forward(x[:, t, :], prev_h, c0, Wx, Wh, b)
        h[:, t, :] = prev_h
    return h
