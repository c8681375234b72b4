import torch
import torch.nn.functional as F


def dot_product_attention(prev_h, A):
    """ prev_h (N, H), A (N, H, 4, 4) -> attn (N, H), attn_weights (N, 4, 4) """
    N, H, D_a, _ = A.shape
    flat = A.reshape(N, H, -1)
    scores = torch.bmm(prev_h.unsqueeze(1), flat).div(H ** 0.5)
    weights = F.softmax(scores, dim=2)
    attn = torch.bmm(flat, weights.transpose(1, 2)).squeeze(2)
    return attn, weights.view(N, D_a, D_a)


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = torch.tanh(torch.mm(x, Wx) + torch.mm(prev_h, Wh) + b)
    cache = x, prev_h, Wx, Wh, next_h
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dz = dnext_h * (1.0 - next_h * next_h)
    dx = torch.mm(dz, Wx.T)
    dWx = torch.mm(x.T, dz)
    dprev_h = torch.mm(dz, Wh.T)
    dWh = torch.mm(prev_h.T, dz)
    db = torch.sum(dz, dim=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    T = x.shape[1]
    h = torch.zeros(x.shape[0], T, h0.shape[1]).to(x)
    cache = {}
    state = h0
    for t in range(T):
        state, cache[t] = rnn_step_forward(x[:, t], state, Wx, Wh, b)
        h[:, t] = state
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    dx = torch.zeros(N, T, cache[0][0].shape[1]).to(dh)
    dh0 = torch.zeros(N, H).to(dh)
    dWx = torch.zeros_like(cache[0][2])
    dWh = torch.zeros_like(cache[0][3])
    db = torch.zeros(H).to(dh)
    for t in reversed(range(T)):
        dx[:, t], dh0, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t] + dh0, cache[t])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dh0, dWx, dWh, db


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b, attn=None, Wattn=None):
    H = prev_h.shape[1]
    if attn is None:
        a = torch.mm(x, Wx) + torch.mm(prev_h, Wh) + b
    else:
        a = torch.mm(x, Wx) + torch.mm(prev_h, Wh) + b + torch.mm(attn, Wattn)
    i = torch.sigmoid(a[:, 0:H])
    f = torch.sigmoid(a[:, H:2 * H])
    o = torch.sigmoid(a[:, 2 * H:3 * H])
    g = torch.tanh(a[:, 3 * H:4 * H])
    next_c = f * prev_c + i * g
    next_h = o * torch.tanh(next_c)
    return next_h, next_c


def lstm_forward(x, h0, Wx, Wh, b):
    h_all = []
    h, c = h0, torch.zeros_like(h0)
    for t in range(x.shape[1]):
        h, c = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        h_all.append(h.unsqueeze(1))
    return torch.cat(h_all, dim=1)


def attention_forward(x, A, Wx, Wh, Wattn, b):
    h0 = A.mean(dim=(2, 3))
    c0 = h0
    hs = []
    h, c = h0, c0
    for t in range(x.shape[1]):
        attn, _ = dot_product_attention(h, A)
        h, c = lstm_step_forward(x[:, t], h, c, Wx, Wh, b, attn, Wattn)
        hs.append(h)
    return torch.stack(hs, dim=1)
