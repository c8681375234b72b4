import numpy as np

# [x, h, 1] times [Wx; Wh; b]: one matrix, one product, one gradient


def join(x, h):
    return np.concatenate([x, h, np.ones((x.shape[0], 1))], axis=1)


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    v, M = join(x, prev_h), np.concatenate([Wx, Wh, b[None]], axis=0)
    next_h = np.tanh(v @ M)
    return next_h, (v, M, x.shape[1], next_h)


def rnn_step_backward(dnext_h, cache):
    v, M, D, next_h = cache
    dz = dnext_h * (1 - next_h**2)
    dv, dM = dz @ M.T, v.T @ dz
    return dv[:, :D], dv[:, D:-1], dM[:D], dM[D:-1], dM[-1]


def rnn_forward(x, h0, Wx, Wh, b):
    out, cache, h = [], [], h0
    for t in range(x.shape[1]):
        h, one = rnn_step_forward(x[:, t], h, Wx, Wh, b)
        out.append(h)
        cache.append(one)
    return np.stack(out, 1), cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][2]
    dM = np.zeros_like(cache[0][1])
    dx, d = np.zeros((N, T, D)), np.zeros((N, H))
    for t in reversed(range(T)):
        v, M, _, h = cache[t]
        dz = (dh[:, t] + d) * (1 - h**2)
        dM += v.T @ dz
        dx[:, t], d, _ = np.split(dz @ M.T, [D, D + H], axis=1)
    return dx, d, *np.vsplit(dM[:-1], [D]), dM[-1]


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    v, M = join(x, prev_h), np.concatenate([Wx, Wh, b[None]], axis=0)
    z = (v @ M).reshape(len(x), 4, -1)
    y = np.empty_like(z)
    y[:, :3] = 1 / (1 + np.exp(-z[:, :3]))
    y[:, 3] = np.tanh(z[:, 3])
    next_c = y[:, 1] * prev_c + y[:, 0] * y[:, 3]
    return y[:, 2] * np.tanh(next_c), next_c, (v, M, x.shape[1], y, prev_c, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    v, M, D, y, prev_c, next_c = cache
    tc = np.tanh(next_c)
    dc = dnext_c + dnext_h * y[:, 2] * (1 - tc**2)
    dy = np.stack([dc * y[:, 3], dc * prev_c, dnext_h * tc, dc * y[:, 0]], axis=1)
    slope = np.concatenate([y[:, :3] * (1 - y[:, :3]), 1 - y[:, 3:] ** 2], axis=1)
    dz = (dy * slope).reshape(len(v), -1)
    dv, dM = dz @ M.T, v.T @ dz
    return dv[:, :D], dv[:, D:-1], dc * y[:, 1], dM[:D], dM[D:-1], dM[-1]
