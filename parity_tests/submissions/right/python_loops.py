# no matrix products at all: every sum is a Python loop
import math

import numpy as np


def matmul(A, B):
    rows, inner = A.shape
    columns = B.shape[1]
    out = np.zeros((rows, columns))
    for r in range(rows):
        for c in range(columns):
            total = 0.0
            for k in range(inner):
                total += A[r, k] * B[k, c]
            out[r, c] = total
    return out


def softmax(z):
    out = np.zeros(z.shape)
    for j in range(z.shape[1]):
        top = max(z[:, j])
        e = [math.exp(v - top) for v in z[:, j]]
        for k in range(z.shape[0]):
            out[k, j] = e[k] / sum(e)
    return out


def rnn_cell_forward(xt, a_prev, parameters):
    Waa, Wax, Wya = parameters["Waa"], parameters["Wax"], parameters["Wya"]
    ba, by = parameters["ba"], parameters["by"]
    n_a, m = a_prev.shape
    a_next = np.zeros((n_a, m))
    for example in range(m):
        for unit in range(n_a):
            z = ba[unit, 0]
            for k in range(n_a):
                z += Waa[unit, k] * a_prev[k, example]
            for k in range(xt.shape[0]):
                z += Wax[unit, k] * xt[k, example]
            a_next[unit, example] = math.tanh(z)
    yt_pred = softmax(matmul(Wya, a_next) + by)
    return a_next, yt_pred, (a_next, a_prev, xt, parameters)


def rnn_forward(x, a0, parameters):
    n_x, m, T_x = x.shape
    n_y, n_a = parameters["Wya"].shape
    a, y_pred = np.zeros((n_a, m, T_x)), np.zeros((n_y, m, T_x))
    caches = []
    t = 0
    prev = a0
    while t < T_x:
        prev, y_pred[:, :, t], cache = rnn_cell_forward(x[:, :, t], prev, parameters)
        a[:, :, t] = prev
        caches += [cache]
        t += 1
    return a, y_pred, (caches, x)


def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    Waa, Wax = parameters["Waa"], parameters["Wax"]
    n_a, m = a_next.shape
    n_x = xt.shape[0]
    dWax, dWaa, dba = np.zeros((n_a, n_x)), np.zeros((n_a, n_a)), np.zeros((n_a, 1))
    dxt, da_prev = np.zeros((n_x, m)), np.zeros((n_a, m))
    for j in range(m):
        for u in range(n_a):
            dz = da_next[u, j] * (1 - a_next[u, j] * a_next[u, j])
            dba[u, 0] += dz
            for k in range(n_x):
                dWax[u, k] += dz * xt[k, j]
                dxt[k, j] += dz * Wax[u, k]
            for k in range(n_a):
                dWaa[u, k] += dz * a_prev[k, j]
                da_prev[k, j] += dz * Waa[u, k]
    return {"dxt": dxt, "da_prev": da_prev, "dWax": dWax, "dWaa": dWaa, "dba": dba}


def rnn_backward(da, caches):
    list_of_caches, x = caches
    n_a, m, T_x = da.shape
    sums = {}
    dx = np.zeros((x.shape[0], m, T_x))
    carry = np.zeros((n_a, m))
    for t in range(T_x)[::-1]:
        g = rnn_cell_backward(da[:, :, t] + carry, list_of_caches[t])
        carry = g["da_prev"]
        dx[:, :, t] = g["dxt"]
        for name in ("dWax", "dWaa", "dba"):
            sums[name] = sums.get(name, 0) + g[name]
    sums["dx"] = dx
    sums["da0"] = carry
    return sums
