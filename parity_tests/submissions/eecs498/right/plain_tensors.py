import math
from typing import Optional, Tuple

import torch
from torch import nn


def hello():
    print("Hello from rnn_lstm_captioning.py!")


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    """One step of a tanh RNN. x (N, D), prev_h (N, H) -> next_h (N, H), cache"""
    next_h, cache = None, None
    next_h = torch.tanh(x.mm(Wx) + prev_h.mm(Wh) + b)
    cache = (x, prev_h, Wx, Wh, b, next_h)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    dx, dprev_h, dWx, dWh, db = None, None, None, None, None
    x, prev_h, Wx, Wh, b, next_h = cache
    dtanh = dnext_h * (1 - next_h ** 2)
    dx = dtanh.mm(Wx.t())
    dprev_h = dtanh.mm(Wh.t())
    dWx = x.t().mm(dtanh)
    dWh = prev_h.t().mm(dtanh)
    db = dtanh.sum(dim=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    h, cache = None, None
    N, T, D = x.shape
    H = h0.shape[1]
    h = torch.zeros((N, T, H), dtype=x.dtype, device=x.device)
    cache = []
    prev_h = h0
    for t in range(T):
        prev_h, step_cache = rnn_step_forward(x[:, t, :], prev_h, Wx, Wh, b)
        h[:, t, :] = prev_h
        cache.append(step_cache)
    return h, cache


def rnn_backward(dh, cache):
    dx, dh0, dWx, dWh, db = None, None, None, None, None
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = torch.zeros((N, T, D), dtype=dh.dtype, device=dh.device)
    dWx = torch.zeros((D, H), dtype=dh.dtype, device=dh.device)
    dWh = torch.zeros((H, H), dtype=dh.dtype, device=dh.device)
    db = torch.zeros(H, dtype=dh.dtype, device=dh.device)
    dprev_h = torch.zeros((N, H), dtype=dh.dtype, device=dh.device)
    for t in reversed(range(T)):
        dx[:, t, :], dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t, :] + dprev_h, cache[t])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    dh0 = dprev_h
    return dx, dh0, dWx, dWh, db


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b, attn=None, Wattn=None):
    next_h, next_c = None, None
    a = x.mm(Wx) + prev_h.mm(Wh) + b
    if attn is not None:
        a = a + attn.mm(Wattn)
    ai, af, ao, ag = torch.chunk(a, 4, dim=1)
    i, f, o, g = torch.sigmoid(ai), torch.sigmoid(af), torch.sigmoid(ao), torch.tanh(ag)
    next_c = f * prev_c + i * g
    next_h = o * torch.tanh(next_c)
    return next_h, next_c


def lstm_forward(x, h0, Wx, Wh, b):
    h = None
    c0 = torch.zeros_like(h0)
    N, T, D = x.shape
    h = torch.zeros((N, T, h0.shape[1]), dtype=x.dtype, device=x.device)
    prev_h, prev_c = h0, c0
    for t in range(T):
        prev_h, prev_c = lstm_step_forward(x[:, t, :], prev_h, prev_c, Wx, Wh, b)
        h[:, t, :] = prev_h
    return h


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, device='cpu', dtype=torch.float32):
        super().__init__()
        self.Wx = nn.Parameter(torch.randn(input_size, hidden_size, device=device, dtype=dtype).div(math.sqrt(input_size)))
        self.Wh = nn.Parameter(torch.randn(hidden_size, hidden_size, device=device, dtype=dtype).div(math.sqrt(hidden_size)))
        self.b = nn.Parameter(torch.zeros(hidden_size, device=device, dtype=dtype))

    def forward(self, x, h0):
        hn, _ = rnn_forward(x, h0, self.Wx, self.Wh, self.b)
        return hn

    def step_forward(self, x, prev_h):
        next_h, _ = rnn_step_forward(x, prev_h, self.Wx, self.Wh, self.b)
        return next_h


class WordEmbedding(nn.Module):
    def __init__(self, vocab_size, embed_size, device='cpu', dtype=torch.float32):
        super().__init__()
        self.W_embed = nn.Parameter(torch.randn(vocab_size, embed_size, device=device, dtype=dtype))

    def forward(self, x):
        return self.W_embed[x]


def temporal_softmax_loss(x, y, ignore_index=None):
    loss = nn.functional.cross_entropy(x.transpose(1, 2), y, ignore_index=ignore_index if ignore_index is not None else -100, reduction='sum')
    return loss / x.shape[0]
