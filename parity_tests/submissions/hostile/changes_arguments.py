import numpy as np


def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    da_next *= 1 - a_next ** 2
    return {"dxt": parameters["Wax"].T @ da_next, "da_prev": parameters["Waa"].T @ da_next, "dWax": da_next @ xt.T,
            "dWaa": da_next @ a_prev.T, "dba": da_next.sum(axis=1, keepdims=True)}


def rnn_forward(x, a0, parameters):
    a, y, caches = [], [], []
    h = a0
    parameters["ba"] = np.zeros_like(parameters["ba"]) + parameters["ba"]
    for t in range(x.shape[2]):
        before = h
        h = np.tanh(parameters["Wax"] @ x[:, :, t] + parameters["Waa"] @ h + parameters["ba"])
        odds = np.exp(parameters["Wya"] @ h + parameters["by"])
        a.append(h)
        y.append(odds / odds.sum(axis=0))
        caches.append((h, before, x[:, :, t].copy(), parameters))
    x[:] = 0
    return np.stack(a, 2), np.stack(y, 2), (caches, x)
