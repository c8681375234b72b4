"""Small helpers, gates in dicts, the update gate called u; the loops call the cells."""

import numpy as np

GATES = ("f", "u", "c", "o")


def logistic(v):
    return 1 / (1 + np.exp(-v))


def distribution(v):
    v = np.exp(v - v.max(axis=0))
    return v / v.sum(axis=0)


def over_examples(v):
    return v.sum(axis=1).reshape(-1, 1)


def rnn_cell_forward(xt, a_prev, parameters):
    p = parameters
    a = np.tanh(p["Wax"] @ xt + p["Waa"] @ a_prev + p["ba"])
    y = distribution(p["Wya"] @ a + p["by"])
    return a, y, (a, a_prev, xt, p)


def rnn_forward(x, a0, parameters):
    caches, a_all, y_all = [], [], []
    a = a0.copy()
    for t in range(x.shape[-1]):
        a, y, cache = rnn_cell_forward(x[..., t], a, parameters)
        caches.append(cache)
        a_all.append(a)
        y_all.append(y)
    return np.stack(a_all, axis=-1), np.stack(y_all, axis=-1), (caches, x)


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    p = parameters
    column = np.r_[a_prev, xt]
    forget_gate = logistic(p["Wf"] @ column + p["bf"])
    update_gate = logistic(p["Wu"] @ column + p["bu"])
    c_tilde = np.tanh(p["Wc"] @ column + p["bc"])
    output_gate = logistic(p["Wo"] @ column + p["bo"])
    c = forget_gate * c_prev + update_gate * c_tilde
    a = output_gate * np.tanh(c)
    y = distribution(p["Wy"] @ a + p["by"])
    cache = (a, c, a_prev, c_prev, forget_gate, update_gate, c_tilde, output_gate, xt, p)
    return a, c, y, cache


def lstm_forward(x, a0, parameters):
    caches = []
    T_x = x.shape[2]
    a, c = a0, np.zeros_like(a0)
    a_all = np.empty(a0.shape + (T_x,))
    c_all = np.empty(a0.shape + (T_x,))
    y_all = np.empty((parameters["by"].shape[0], x.shape[1], T_x))
    for t in range(T_x):
        a, c, y, cache = lstm_cell_forward(x[:, :, t], a, c, parameters)
        a_all[:, :, t], c_all[:, :, t], y_all[:, :, t] = a, c, y
        caches.append(cache)
    return a_all, y_all, c_all, (caches, x)


def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, p = cache
    dtanh = da_next * (1 - np.square(a_next))
    out = {}
    out["dxt"] = p["Wax"].T @ dtanh
    out["da_prev"] = p["Waa"].T @ dtanh
    out["dWax"] = dtanh @ xt.T
    out["dWaa"] = dtanh @ a_prev.T
    out["dba"] = over_examples(dtanh)
    return out


def rnn_backward(da, caches):
    caches, x = caches
    total = {"dWax": 0, "dWaa": 0, "dba": 0}
    dx = np.zeros(x.shape[:2] + da.shape[2:])
    da_next = np.zeros(da.shape[:2])
    for t in range(da.shape[2])[::-1]:
        one = rnn_cell_backward(da[:, :, t] + da_next, caches[t])
        da_next = one["da_prev"]
        dx[:, :, t] = one["dxt"]
        for name in total:
            total[name] = total[name] + one[name]
    return {"dx": dx, "da0": da_next, **total}


def lstm_cell_backward(da_next, dc_next, cache):
    a, c, a_prev, c_prev, forget_gate, update_gate, c_tilde, output_gate, xt, p = cache
    n_a = a.shape[0]
    tanh_c = np.tanh(c)
    dc = dc_next + da_next * output_gate * (1 - np.square(tanh_c))
    delta = {}
    delta["f"] = dc * c_prev * forget_gate * (1 - forget_gate)
    delta["u"] = dc * c_tilde * update_gate * (1 - update_gate)
    delta["c"] = dc * update_gate * (1 - np.square(c_tilde))
    delta["o"] = da_next * tanh_c * output_gate * (1 - output_gate)
    column = np.r_[a_prev, xt]
    d_column = sum(p["W" + gate].T @ delta[gate] for gate in GATES)
    grads = {}
    grads["da_prev"] = d_column[:n_a]
    grads["dxt"] = d_column[n_a:]
    grads["dc_prev"] = dc * forget_gate
    for gate in GATES:
        grads["dW" + gate] = delta[gate] @ column.T
        grads["db" + gate] = over_examples(delta[gate])
    return grads


def lstm_backward(da, caches):
    caches, x = caches
    p = caches[0][-1]
    total = {"d" + kind + gate: np.zeros_like(p[kind + gate]) for gate in GATES for kind in "Wb"}
    dx = np.zeros(x.shape[:2] + da.shape[2:])
    da_next = np.zeros(da.shape[:2])
    dc_next = np.zeros(da.shape[:2])
    for t in range(da.shape[2])[::-1]:
        one = lstm_cell_backward(da[:, :, t] + da_next, dc_next, caches[t])
        da_next = one["da_prev"]
        dc_next = one["dc_prev"]
        dx[:, :, t] = one["dxt"]
        for name in total:
            total[name] = total[name] + one[name]
    return {"dx": dx, "da0": da_next, **total}
