import torch


def sigmoid(v):
    return 1 / (1 + torch.exp(-v))


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    N, H = prev_h.shape
    next_h = torch.zeros(N, H, dtype=x.dtype, device=x.device)
    for n in range(N):
        for k in range(H):
            next_h[n, k] = torch.tanh((x[n] * Wx[:, k]).sum() + (prev_h[n] * Wh[:, k]).sum() + b[k])
    return next_h, [x, prev_h, Wx, Wh, next_h]


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dx, dprev_h = torch.zeros_like(x), torch.zeros_like(prev_h)
    dWx, dWh = torch.zeros_like(Wx), torch.zeros_like(Wh)
    db = torch.zeros_like(Wx[0])
    for n in range(x.shape[0]):
        for k in range(db.shape[0]):
            d = dnext_h[n, k] * (1 - next_h[n, k] ** 2)
            dx[n] += d * Wx[:, k]
            dprev_h[n] += d * Wh[:, k]
            dWx[:, k] += d * x[n]
            dWh[:, k] += d * prev_h[n]
            db[k] += d
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    print(f"rnn_forward: N={N} T={T} D={D} on {x.device}")
    h = torch.zeros(N, T, h0.shape[1], dtype=x.dtype, device=x.device)
    cache = []
    prev = h0.clone()
    for t in range(T):
        prev, c = rnn_step_forward(x[:, t], prev, Wx, Wh, b)
        h[:, t] = prev
        cache.append(c)
    return h, cache


def rnn_backward(dh, cache):
    out = None
    dprev = torch.zeros_like(dh[:, 0])
    for t in range(dh.shape[1] - 1, -1, -1):
        g = rnn_step_backward(dh[:, t] + dprev, cache[t])
        dprev = g[1]
        if out is None:
            out = [[g[0]], g[2], g[3], g[4]]
        else:
            out[0].append(g[0])
            for k in range(1, 4):
                out[k] = out[k] + g[k + 1]
    dx = torch.stack(out[0][::-1], dim=1)
    print("dx", tuple(dx.shape))
    return dx, dprev, out[1], out[2], out[3]


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b, attn=None, Wattn=None):
    H = prev_h.shape[1]
    a = b + x @ Wx + prev_h @ Wh
    if attn is not None:
        a = a + attn @ Wattn
    next_h, next_c = torch.zeros_like(prev_h), torch.zeros_like(prev_c)
    for k in range(H):
        i, f, o, g = sigmoid(a[:, k]), sigmoid(a[:, H + k]), sigmoid(a[:, 2 * H + k]), torch.tanh(a[:, 3 * H + k])
        next_c[:, k] = f * prev_c[:, k] + i * g
        next_h[:, k] = o * torch.tanh(next_c[:, k])
    return next_h, next_c
