import numpy as np


def rnn_cell_forward(xt, a_prev, parameters):
    # np.matrix arithmetic inside, plain arrays outside
    Waa, Wax, Wya = (np.matrix(parameters[k]) for k in ("Waa", "Wax", "Wya"))
    a_next = np.asarray(np.tanh(Waa * np.matrix(a_prev) + Wax * np.matrix(xt) + parameters["ba"]))
    z = np.asarray(Wya * np.matrix(a_next)) + parameters["by"]
    e = np.exp(z - z.max(axis=0))
    return a_next, e / e.sum(axis=0), (a_next, a_prev, xt, parameters)


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    n_a, m = a_prev.shape
    a_next, c_next = np.zeros((n_a, m)), np.zeros((n_a, m))
    ft, it, cct, ot = (np.zeros((n_a, m)) for _ in range(4))
    for u in range(n_a):
        for j in range(m):
            v = list(a_prev[:, j]) + list(xt[:, j])
            z = {k: float(np.dot(parameters["W" + k][u], v)) + parameters["b" + k].item(u) for k in "fico"}
            ft[u, j] = 1 / (1 + np.exp(-z["f"]))
            it[u, j] = 1 / (1 + np.exp(-z["i"]))
            cct[u, j] = np.tanh(z["c"])
            ot[u, j] = 1 / (1 + np.exp(-z["o"]))
            c_next[u, j] = ft[u, j] * c_prev[u, j] + it[u, j] * cct[u, j]
            a_next[u, j] = ot[u, j] * np.tanh(c_next[u, j])
    z = parameters["Wy"] @ a_next + parameters["by"]
    e = np.exp(z - np.max(z, axis=0, keepdims=True))
    return a_next, c_next, e / np.sum(e, axis=0, keepdims=True), (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters)
