"""The list of caches is a default argument: the second call finds the first one's steps in it."""
import numpy as np


def softmax(x):
    e = np.exp(x - x.max(axis=0))
    return e / e.sum(axis=0)


def rnn_forward(x, a0, parameters, caches=[]):
    a, y = [], []
    h = a0
    for t in range(x.shape[2]):
        before = h
        h = np.tanh(parameters["Wax"] @ x[:, :, t] + parameters["Waa"] @ h + parameters["ba"])
        a.append(h)
        y.append(softmax(parameters["Wya"] @ h + parameters["by"]))
        caches.append((h, before, x[:, :, t], parameters))
    return np.stack(a, 2), np.stack(y, 2), (caches, x)
