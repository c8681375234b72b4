import math
from typing import Optional, Tuple
import torch
from torch import nn


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    score = torch.addmm(b, x, Wx)
    score = torch.addmm(score, prev_h, Wh)
    next_h = torch.tanh(score)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dscore = dnext_h - dnext_h * next_h * next_h
    db = dscore.sum(dim=0, keepdim=False)
    return dscore @ Wx.transpose(0, 1), dscore @ Wh.transpose(0, 1), x.transpose(0, 1) @ dscore, prev_h.transpose(0, 1) @ dscore, db


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h = torch.zeros([N, T + 1, H], dtype=x.dtype)
    h[:, 0] = h0
    cache = []
    for t in range(T):
        h[:, t + 1], c = rnn_step_forward(x[:, t], h[:, t].clone(), Wx, Wh, b)
        cache.append(c)
    return h[:, 1:], cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = torch.zeros([N, T, D], dtype=dh.dtype)
    dWx, dWh, db = torch.zeros([D, H], dtype=dh.dtype), torch.zeros([H, H], dtype=dh.dtype), torch.zeros([H], dtype=dh.dtype)
    dh_prev = torch.zeros([N, H], dtype=dh.dtype)
    for i in range(T):
        t = T - i - 1
        dx[:, t], dh_prev, dWx_, dWh_, db_ = rnn_step_backward(dh[:, t] + dh_prev, cache[t])
        dWx += dWx_
        dWh += dWh_
        db += db_
    return dx, dh_prev, dWx, dWh, db


class RNN(nn.Module):
    """ parameters Wx, Wh, b; the two ways to call it are forward and step_forward """

    def __init__(self, input_dim: int, hidden_dim: int):
        super().__init__()
        self.Wx = nn.Parameter(torch.randn(input_dim, hidden_dim).div(math.sqrt(input_dim)))
        self.Wh = nn.Parameter(torch.randn(hidden_dim, hidden_dim).div(math.sqrt(hidden_dim)))
        self.b = nn.Parameter(torch.zeros(hidden_dim))

    def forward(self, x, h0):
        return rnn_forward(x, h0, self.Wx, self.Wh, self.b)[0]

    def step_forward(self, x, prev_h):
        return rnn_step_forward(x, prev_h, self.Wx, self.Wh, self.b)[0]


class LSTM(nn.Module):
    """ columns i, f, o, g """

    def __init__(self, input_dim: int, hidden_dim: int):
        super().__init__()
        self.Wx = nn.Parameter(torch.randn(input_dim, hidden_dim * 4).div(math.sqrt(input_dim)))
        self.Wh = nn.Parameter(torch.randn(hidden_dim, hidden_dim * 4).div(math.sqrt(hidden_dim)))
        self.b = nn.Parameter(torch.zeros(hidden_dim * 4))

    def step_forward(
        self, x: torch.Tensor, prev_h: torch.Tensor, prev_c: torch.Tensor
    ) -> Tuple[torch.Tensor, torch.Tensor]:
        i, f, o, g = (x @ self.Wx + prev_h @ self.Wh + self.b).chunk(4, dim=1)
        next_c = f.sigmoid() * prev_c + i.sigmoid() * g.tanh()
        next_h = o.sigmoid() * next_c.tanh()
        return next_h, next_c

    def forward(self, x: torch.Tensor, h0: torch.Tensor) -> torch.Tensor:
        c = torch.zeros_like(h0)
        h, hn = h0, []
        for t in range(x.shape[1]):
            h, c = self.step_forward(x[:, t], h, c)
            hn.append(h)
        return torch.stack(hn, dim=1)
