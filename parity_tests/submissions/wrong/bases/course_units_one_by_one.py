from math import exp, tanh

import numpy as np


def s(z):
    return 1 / (1 + exp(-z))


def row(W, b, k, v, j):
    return sum(w * u for w, u in zip(W[k], v[:, j])) + b[k, 0]


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    p = parameters
    v = np.vstack((a_prev, xt))
    n_a, m = a_prev.shape
    f, i, c, o, c_next, a_next = (np.zeros((n_a, m)) for _ in range(6))
    for j in range(m):
        for k in range(n_a):
            f[k, j] = s(row(p["Wf"], p["bf"], k, v, j))
            i[k, j] = s(row(p["Wi"], p["bi"], k, v, j))
            c[k, j] = tanh(row(p["Wc"], p["bc"], k, v, j))
            o[k, j] = s(row(p["Wo"], p["bo"], k, v, j))
            c_next[k, j] = f[k, j] * c_prev[k, j] + i[k, j] * c[k, j]
            a_next[k, j] = o[k, j] * tanh(c_next[k, j])
    y = np.exp(p["Wy"] @ a_next + p["by"])
    return a_next, c_next, y / y.sum(axis=0), (a_next, c_next, a_prev, c_prev, f, i, c, o, xt, p)


def lstm_cell_backward(da_next, dc_next, cache):
    a_next, c_next, a_prev, c_prev, f, i, c, o, xt, p = cache
    v = np.vstack((a_prev, xt))
    n_a, m = a_next.shape
    g = {"d" + w: np.zeros(p[w].shape) for w in p if w[1] in "fico"}
    g["dc_prev"], dv = np.zeros((n_a, m)), np.zeros(v.shape)
    for j in range(m):
        for k in range(n_a):
            t = tanh(c_next[k, j])
            dc = dc_next[k, j] + da_next[k, j] * o[k, j] * (1 - t**2)
            g["dc_prev"][k, j] = dc * f[k, j]
            for name, d in (
                ("f", dc * c_prev[k, j] * f[k, j] * (1 - f[k, j])),
                ("i", dc * c[k, j] * i[k, j] * (1 - i[k, j])),
                ("c", dc * i[k, j] * (1 - c[k, j] ** 2)),
                ("o", da_next[k, j] * t * o[k, j] * (1 - o[k, j])),
            ):
                g["db" + name][k, 0] += d
                for q in range(len(v)):
                    g["dW" + name][k, q] += d * v[q, j]
                    dv[q, j] += d * p["W" + name][k, q]
    g["da_prev"], g["dxt"] = dv[:n_a], dv[n_a:]
    return g
