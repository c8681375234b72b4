"""Weights as separate arguments in place of the dict."""
import numpy as np


def softmax(x):
    x = np.exp(x - x.max(axis=0))
    return x / x.sum(axis=0)


def rnn_cell_forward(xt, a_prev, Waa, Wax, Wya, ba, by):
    a_next = np.tanh(Waa @ a_prev + Wax @ xt + ba)
    return a_next, softmax(Wya @ a_next + by), (a_next, a_prev, xt, Waa, Wax)


def rnn_forward(x, a0, Waa, Wax, Wya, ba, by):
    a, y, caches = [], [], []
    a_next = a0
    for t in range(x.shape[2]):
        a_next, yt, cache = rnn_cell_forward(x[:, :, t], a_next, Waa, Wax, Wya, ba, by)
        a.append(a_next)
        y.append(yt)
        caches.append(cache)
    return np.stack(a, 2), np.stack(y, 2), (caches, x)
