import numpy as np


def dot(a, b, a_axis=1, b_axis=0):
    return np.tensordot(a, b, axes=(a_axis, b_axis))


def rnn_cell_forward(xt, a_prev, parameters):
    a_next = np.tanh(dot(parameters["Wax"], xt) + dot(parameters["Waa"], a_prev) + parameters["ba"])
    odds = np.exp(dot(parameters["Wya"], a_next) + parameters["by"])
    return a_next, odds / odds.sum(0), (a_next, a_prev, xt, parameters)


def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    dz = da_next * (1 - np.square(a_next))
    return {
        "dxt": dot(parameters["Wax"], dz, 0, 0),
        "da_prev": dot(parameters["Waa"], dz, 0, 0),
        "dWax": dot(dz, xt, 1, 1),
        "dWaa": dot(dz, a_prev, 1, 1),
        "dba": np.apply_over_axes(np.sum, dz, [1]),
    }


def rnn_backward(da, caches):
    steps, x = caches
    n_a, m, T = da.shape
    dz = np.zeros((T, n_a, m))
    back = np.zeros((n_a, m))
    for t in reversed(range(T)):
        a_next, a_prev, xt, parameters = steps[t]
        dz[t] = (da[:, :, t] + back) * (1 - np.square(a_next))
        back = dot(parameters["Waa"], dz[t], 0, 0)
    before = np.array([steps[t][1] for t in range(T)])
    inputs = np.array([steps[t][2] for t in range(T)])
    return {
        "dx": np.tensordot(steps[0][3]["Wax"], dz, axes=(0, 1)).transpose(0, 2, 1),
        "da0": back,
        "dWax": np.tensordot(dz, inputs, axes=([0, 2], [0, 2])),
        "dWaa": np.tensordot(dz, before, axes=([0, 2], [0, 2])),
        "dba": dz.sum(axis=(0, 2))[:, np.newaxis],
    }
