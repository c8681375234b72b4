import numpy as np


def rnn_backward(da, caches):
    """Gradients of all steps by np.add.at and outer products, example by example."""
    steps, x = caches
    n_a, m, T = da.shape
    n_x = x.shape[0]
    p = steps[0][3]
    dWax, dWaa, dba = np.zeros((n_a, n_x)), np.zeros((n_a, n_a)), np.zeros((n_a, 1))
    dx = np.zeros((n_x, m, T))
    da0 = np.zeros((n_a, m))
    for j in range(m):
        carried = np.zeros(n_a)
        for t in reversed(range(T)):
            a_next, a_prev, xt, _ = steps[t]
            dz = (da[:, j, t] + carried) * (1 - a_next[:, j] ** 2)
            np.add.at(dWax, slice(None), np.outer(dz, xt[:, j]))
            np.add.at(dWaa, np.arange(n_a), np.outer(dz, a_prev[:, j]))
            np.add.at(dba, (np.arange(n_a), 0), dz)
            dx[:, j, t] = np.inner(p["Wax"].T, dz)
            carried = dz @ p["Waa"]
        da0[:, j] = carried
    return {"dx": dx, "da0": da0, "dWax": dWax, "dWaa": dWaa, "dba": dba}
