import torch
from a5_helper import *
from eecs598.utils import reset_seed


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b, attn=None, Wattn=None):
    """
    Inputs:
    - x (N, D), prev_h (N, H), prev_c (N, H), Wx (D, 4H), Wh (H, 4H), b (4H,)
    - attn (N, H) and Wattn (H, 4H): only with attention
    Returns next_h (N, H) and next_c (N, H); autograd does the backward for us.
    """
    H = prev_h.shape[1]
    a = x.mm(Wx) + prev_h.mm(Wh) + b
    if attn is not None: a += attn.mm(Wattn)

    i = a[:, :H].sigmoid()
    f = a[:, H:2*H].sigmoid()
    o = a[:, 2*H:3*H].sigmoid()
    g = a[:, 3*H:].tanh()

    next_c = f * prev_c + i * g
    next_h = o * next_c.tanh()
    return next_h, next_c


def lstm_forward(x, h0, Wx, Wh, b):
    c = torch.zeros(h0.shape, dtype=h0.dtype, device=h0.device)   # zero at first
    h = h0
    out = []
    for t in range(x.shape[1]):
        h, c = lstm_step_forward(x[:, t, :], h, c, Wx, Wh, b)
        out.append(h)
    return torch.stack(out, dim=1)
