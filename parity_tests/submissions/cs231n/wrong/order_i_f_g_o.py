# wrong: lstm_step_forward: columns read in the order i, f, g, o, not i, f, o, g (gates-swapped); backward agrees with it
# right by itself: lstm_forward, lstm_backward
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    i, f, g, o = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    i = sigmoid(i)
    f = sigmoid(f)
    g = np.tanh(g)
    o = sigmoid(o)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, {'x': x, 'h': prev_h, 'c': prev_c, 'Wx': Wx, 'Wh': Wh, 'gates': (i, f, g, o), 'next_c': next_c}


def lstm_step_backward(dnext_h, dnext_c, cache):
    i, f, g, o = cache['gates']
    tc = np.tanh(cache['next_c'])
    dc = dnext_c + dnext_h * o * (1 - tc ** 2)
    d = np.hstack((dc * g * i * (1 - i), dc * cache['c'] * f * (1 - f), dc * i * (1 - g ** 2), dnext_h * tc * o * (1 - o)))
    return d @ cache['Wx'].T, d @ cache['Wh'].T, dc * f, cache['x'].T @ d, cache['h'].T @ d, d.sum(axis=0)


def lstm_forward(x, h0, Wx, Wh, b):
    prev_h, prev_c = h0, np.zeros_like(h0)
    h, cache = [], []
    for t in range(x.shape[1]):
        prev_h, prev_c, one = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)
        h += [prev_h]
        cache += [one]
    return np.stack(h, axis=1), cache


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    dprev_h, dprev_c = np.zeros((N, H)), np.zeros((N, H))
    dx = [None] * T
    total = [0, 0, 0]
    for t in range(T)[::-1]:
        dx[t], dprev_h, dprev_c, *w = lstm_step_backward(dh[:, t] + dprev_h, dprev_c, cache[t])
        total = [p + q for p, q in zip(total, w)]
    return np.stack(dx, axis=1), dprev_h, total[0], total[1], total[2]
