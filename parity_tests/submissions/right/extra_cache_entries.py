import numpy as np


def stable_softmax(logits):
    logits = logits - logits.max(axis=0)
    p = np.exp(logits)
    p /= p.sum(axis=0)
    return p


def rnn_cell_forward(xt, a_prev, parameters):
    z = np.matmul(parameters["Waa"], a_prev) + np.matmul(parameters["Wax"], xt) + parameters["ba"]
    a_next = np.tanh(z)
    logits = np.matmul(parameters["Wya"], a_next) + parameters["by"]
    yt_pred = stable_softmax(logits)
    return a_next, yt_pred, (a_next, a_prev, xt, parameters, z, logits, yt_pred)


def rnn_forward(x, a0, parameters):
    n_x, m, T_x = x.shape
    n_y, n_a = parameters["Wya"].shape
    a = np.zeros((n_a, m, T_x), order="F")
    y_pred = np.zeros((n_y, m, T_x), order="F")
    caches = []
    a_next = a0.copy()
    for t in range(T_x):
        a_next, yt, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        a[:, :, t] = a_next
        y_pred[:, :, t] = yt
        caches.append(cache)
    return a, y_pred, (caches, x)


def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, parameters = cache[:4]
    dtanh = da_next * (1 - a_next ** 2)
    return {
        "dxt": np.matmul(parameters["Wax"].T, dtanh),
        "dWax": np.matmul(dtanh, xt.T),
        "da_prev": np.matmul(parameters["Waa"].T, dtanh),
        "dWaa": np.matmul(dtanh, a_prev.T),
        "dba": np.sum(dtanh, keepdims=True, axis=-1),
    }


def rnn_backward(da, caches):
    steps, x = caches
    n_a, m, T_x = da.shape
    gradients = {
        "dx": np.zeros((x.shape[0], m, T_x), order="F"), "dWax": 0.0, "dWaa": 0.0, "dba": 0.0,
    }
    da_prev = np.zeros((n_a, m))
    for t in reversed(range(T_x)):
        g = rnn_cell_backward(da[:, :, t] + da_prev, steps[t])
        gradients["dx"][:, :, t] = g["dxt"]
        da_prev = g["da_prev"]
        for name in "dWax", "dWaa", "dba":
            gradients[name] = gradients[name] + g[name]
    gradients["da0"] = da_prev
    return gradients
