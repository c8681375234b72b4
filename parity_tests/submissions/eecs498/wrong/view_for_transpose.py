# wrong: rnn_forward: the list of states is stacked time first and reshaped, not transposed, to (N, T, H)
# wrong: lstm_forward: h.view(N, T, H) of a (T, N, H) tensor; numbers of the examples are mixed
import torch


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = torch.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    hs, caches = [], []
    h = h0
    for t in range(T):
        h, cache = rnn_step_forward(x[:, t], h, Wx, Wh, b)
        hs.append(h)
        caches.append(cache)
    return torch.stack(hs).reshape(N, T, -1), caches


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b, attn=None, Wattn=None):
    z = x @ Wx + prev_h @ Wh + b
    if attn is not None:
        z = z + attn @ Wattn
    i, f, o, g = z.chunk(4, dim=-1)
    next_c = f.sigmoid() * prev_c + i.sigmoid() * g.tanh()
    return o.sigmoid() * next_c.tanh(), next_c


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = x.new_zeros(T, N, h0.shape[1])
    h_t, c_t = h0, torch.zeros_like(h0)
    for t in range(T):
        h_t, c_t = lstm_step_forward(x[:, t], h_t, c_t, Wx, Wh, b)
        h[t] = h_t
    return h.view(N, T, h0.shape[1])
