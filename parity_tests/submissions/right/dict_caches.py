# each cache is a dict, and the list of them is a plain list; forward and backward agree on it
import numpy as np


def softmax(v):
    v = np.exp(v - v.max(0))
    return v / v.sum(0)


def logistic(v):
    return 1.0 / (1.0 + np.exp(-v))


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    z = np.concatenate((a_prev, xt), axis=0)
    f = logistic(parameters["Wf"] @ z + parameters["bf"])
    i = logistic(parameters["Wi"] @ z + parameters["bi"])
    o = logistic(parameters["Wo"] @ z + parameters["bo"])
    g = np.tanh(parameters["Wc"] @ z + parameters["bc"])
    c = f * c_prev + i * g
    tanh_c = np.tanh(c)
    h = o * tanh_c
    y = softmax(parameters["Wy"] @ h + parameters["by"])
    cache = {"z": z, "f": f, "i": i, "o": o, "g": g, "c": c, "tanh_c": tanh_c, "c_prev": c_prev,
             "parameters": parameters, "n_a": h.shape[0]}
    return h, c, y, cache


def lstm_forward(x, a0, parameters):
    T = x.shape[2]
    h, c = a0, np.zeros(a0.shape)
    hs, cs, ys, caches = [], [], [], []
    for t in range(T):
        h, c, y, cache = lstm_cell_forward(x[:, :, t], h, c, parameters)
        hs.append(h)
        cs.append(c)
        ys.append(y)
        caches.append(cache)
    return np.dstack(hs), np.dstack(ys), np.dstack(cs), caches


def lstm_cell_backward(da_next, dc_next, cache):
    f, i, o, g = cache["f"], cache["i"], cache["o"], cache["g"]
    n_a, p = cache["n_a"], cache["parameters"]
    dc = dc_next + da_next * o * (1 - cache["tanh_c"] ** 2)
    df = dc * cache["c_prev"] * f * (1 - f)
    di = dc * g * i * (1 - i)
    dg = dc * i * (1 - g ** 2)
    do = da_next * cache["tanh_c"] * o * (1 - o)
    dz = p["Wf"].T @ df + p["Wi"].T @ di + p["Wc"].T @ dg + p["Wo"].T @ do
    z = cache["z"]
    return {
        "da_prev": dz[:n_a], "dxt": dz[n_a:], "dc_prev": dc * f,
        "dWf": df @ z.T, "dWi": di @ z.T, "dWc": dg @ z.T, "dWo": do @ z.T,
        "dbf": df.sum(1, keepdims=True), "dbi": di.sum(1, keepdims=True),
        "dbc": dg.sum(1, keepdims=True), "dbo": do.sum(1, keepdims=True),
    }


def lstm_backward(da, caches):
    total = {}
    da_next = dc_next = np.zeros(da.shape[:2])
    T = da.shape[2]
    dx = [None] * T
    for t in reversed(range(T)):
        grads = lstm_cell_backward(da[:, :, t] + da_next, dc_next, caches[t])
        da_next, dc_next, dx[t] = grads.pop("da_prev"), grads.pop("dc_prev"), grads.pop("dxt")
        for key in grads:
            total[key] = total.get(key, 0) + grads[key]
    total["dx"] = np.stack(dx, axis=2)
    total["da0"] = da_next
    return total
