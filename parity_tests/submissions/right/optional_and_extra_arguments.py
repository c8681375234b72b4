import numpy as np


def rnn_cell_backward(da_next, cache, parameters):
    a_next, a_prev, xt, _ = cache
    dz = da_next * (1 - a_next ** 2)
    return {"dxt": parameters["Wax"].T @ dz, "da_prev": parameters["Waa"].T @ dz, "dWax": dz @ xt.T,
            "dWaa": dz @ a_prev.T, "dba": dz.sum(axis=1, keepdims=True)}


def rnn_backward(da, caches, parameters):
    steps, x = caches
    dx = np.zeros((x.shape[0], da.shape[1], da.shape[2]))
    da_prev = np.zeros(da.shape[:2])
    dWax, dWaa, dba = (np.zeros_like(parameters[k]) for k in ("Wax", "Waa", "ba"))
    for t in reversed(range(da.shape[2])):
        step = rnn_cell_backward(da[:, :, t] + da_prev, steps[t], parameters)
        dx[:, :, t], da_prev = step["dxt"], step["da_prev"]
        dWax += step["dWax"]
        dWaa += step["dWaa"]
        dba += step["dba"]
    return {"dx": dx, "da0": da_prev, "dWax": dWax, "dWaa": dWaa, "dba": dba}
