import numpy as np


class Step:
    def __init__(self, **values):
        self.__dict__.update(values)

    def slices(self, M):
        H = self.prev_h.shape[1]
        return [M[..., k * H : (k + 1) * H] for k in range(4)]


def sigmoid(z):
    return np.reciprocal(1.0 + np.exp(-z))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    s = Step(x=x, prev_h=prev_h, prev_c=prev_c, Wx=Wx, Wh=Wh)
    i, f, o, g = s.slices(x @ Wx + prev_h @ Wh + b)
    s.i, s.f, s.o, s.g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
    s.c = s.f * prev_c + s.i * s.g
    s.t = np.tanh(s.c)
    return s.o * s.t, s.c, s


def lstm_step_backward(dnext_h, dnext_c, cache):
    s = cache
    s.dc = dnext_c + dnext_h * s.o * (1 - s.t**2)
    s.da = np.zeros((len(s.x), 4 * s.o.shape[1]))
    di, df, do, dg = s.slices(s.da)
    di += s.dc * s.g * s.i * (1 - s.i)
    df += s.dc * s.prev_c * s.f * (1 - s.f)
    do += dnext_h * s.t * s.o * (1 - s.o)
    dg += s.dc * s.i * (1 - s.g**2)
    dx = sum(d @ W.T for d, W in zip((di, df, do, dg), s.slices(s.Wx)))
    dprev_h = sum(d @ W.T for d, W in zip((di, df, do, dg), s.slices(s.Wh)))
    return dx, dprev_h, s.dc * s.f, s.x.T @ s.da, s.prev_h.T @ s.da, s.da.sum(axis=0)


def lstm_forward(x, h0, Wx, Wh, b):
    steps = []
    h, c = h0, np.zeros_like(h0)
    for t in range(x.shape[1]):
        h, c, step = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        step.h = h
        steps.append(step)
    return np.array([s.h for s in steps]).transpose(1, 0, 2), steps


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    grads = [0.0, 0.0, 0.0]
    dx = np.zeros((N, T, cache[0].x.shape[1]))
    dprev, dcell = np.zeros((N, H)), np.zeros((N, H))
    for t, step in zip(range(T - 1, -1, -1), cache[::-1]):
        dx[:, t], dprev, dcell, *new = lstm_step_backward(dh[:, t] + dprev, dcell, step)
        grads = list(map(np.add, grads, new))
    return dx, dprev, *grads
