# wrong: lstm_step_backward: the block of f in db is the block of i, and dWh's o block the one of f (wrong-variable)
import numpy as np


def sig(a):
    return 1 / (1 + np.exp(-a))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    Wxi, Wxf, Wxo, Wxg = Wx[:, :H], Wx[:, H:2*H], Wx[:, 2*H:3*H], Wx[:, 3*H:]
    Whi, Whf, Who, Whg = Wh[:, :H], Wh[:, H:2*H], Wh[:, 2*H:3*H], Wh[:, 3*H:]
    bi, bf, bo, bg = b[:H], b[H:2*H], b[2*H:3*H], b[3*H:]
    i = sig(x @ Wxi + prev_h @ Whi + bi)
    f = sig(x @ Wxf + prev_h @ Whf + bf)
    o = sig(x @ Wxo + prev_h @ Who + bo)
    g = np.tanh(x @ Wxg + prev_h @ Whg + bg)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    cache = (x, prev_h, prev_c, i, f, o, g, next_c, (Wxi, Wxf, Wxo, Wxg), (Whi, Whf, Who, Whg))
    return next_h, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, i, f, o, g, next_c, (Wxi, Wxf, Wxo, Wxg), (Whi, Whf, Who, Whg) = cache
    dc = dnext_c + dnext_h * o * (1 - np.tanh(next_c) ** 2)
    di = dc * g * i * (1 - i)
    df = dc * prev_c * f * (1 - f)
    do = dnext_h * np.tanh(next_c) * o * (1 - o)
    dg = dc * i * (1 - g ** 2)

    dx = di @ Wxi.T + df @ Wxf.T + do @ Wxo.T + dg @ Wxg.T
    dprev_h = di @ Whi.T + df @ Whf.T + do @ Who.T + dg @ Whg.T
    dprev_c = dc * f

    dWx = np.hstack((x.T @ di, x.T @ df, x.T @ do, x.T @ dg))
    dWh = np.hstack((prev_h.T @ di, prev_h.T @ df, prev_h.T @ df, prev_h.T @ dg))
    db = np.hstack((di.sum(0), di.sum(0), do.sum(0), dg.sum(0)))
    return dx, dprev_h, dprev_c, dWx, dWh, db
