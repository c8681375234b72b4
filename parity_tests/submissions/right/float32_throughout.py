import numpy as np

DTYPE = np.float32


def sigmoid(x):
    return (1 / (1 + np.exp(-x))).astype(DTYPE)


def softmax(x):
    e = np.exp(x - np.max(x, axis=0, keepdims=True))
    return (e / e.sum(axis=0, keepdims=True)).astype(DTYPE)


def _single(parameters):
    return {name: np.asarray(value, dtype=DTYPE) for name, value in parameters.items()}


def rnn_cell_forward(xt, a_prev, parameters):
    p = _single(parameters)
    xt, a_prev = xt.astype(DTYPE), a_prev.astype(DTYPE)
    a_next = np.tanh(p["Wax"] @ xt + p["Waa"] @ a_prev + p["ba"])
    return a_next, softmax(p["Wya"] @ a_next + p["by"]), (a_next, a_prev, xt, p)


def rnn_forward(x, a0, parameters):
    n_x, m, T_x = x.shape
    n_y, n_a = parameters["Wya"].shape
    a = np.zeros((n_a, m, T_x), dtype=DTYPE)
    y = np.zeros((n_y, m, T_x), dtype=DTYPE)
    caches = []
    a_next = a0.astype(DTYPE)
    for t in range(T_x):
        a_next, y[:, :, t], cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        a[:, :, t] = a_next
        caches.append(cache)
    return a, y, (caches, x.astype(DTYPE))


def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    p = _single(parameters)
    a_next, a_prev, xt = (v.astype(DTYPE) for v in (a_next, a_prev, xt))
    dz = da_next.astype(DTYPE) * (1 - a_next ** 2)
    return {"dxt": p["Wax"].T @ dz, "da_prev": p["Waa"].T @ dz, "dWax": dz @ xt.T,
            "dWaa": dz @ a_prev.T, "dba": dz.sum(axis=1, keepdims=True)}


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    p = _single(parameters)
    xt, a_prev, c_prev = (np.asarray(v, DTYPE) for v in (xt, a_prev, c_prev))
    concat = np.concatenate([a_prev, xt])
    ft = sigmoid(p["Wf"] @ concat + p["bf"])
    it = sigmoid(p["Wi"] @ concat + p["bi"])
    cct = np.tanh(p["Wc"] @ concat + p["bc"])
    ot = sigmoid(p["Wo"] @ concat + p["bo"])
    c_next = ft * c_prev + it * cct
    a_next = ot * np.tanh(c_next)
    return (a_next, c_next, softmax(p["Wy"] @ a_next + p["by"]),
            (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, p))


def lstm_cell_backward(da_next, dc_next, cache):
    a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt = (np.asarray(v, DTYPE) for v in cache[:9])
    p = _single(cache[9])
    n_a = a_next.shape[0]
    da_next, dc_next = da_next.astype(DTYPE), dc_next.astype(DTYPE)
    tanh_c = np.tanh(c_next)
    dc = dc_next + da_next * ot * (1 - tanh_c ** 2)
    delta = {"f": dc * c_prev * ft * (1 - ft), "i": dc * cct * it * (1 - it),
             "c": dc * it * (1 - cct ** 2), "o": da_next * tanh_c * ot * (1 - ot)}
    concat = np.concatenate([a_prev, xt])
    back = sum(p["W" + k].T @ d for k, d in delta.items())
    out = {"dxt": back[n_a:], "da_prev": back[:n_a], "dc_prev": dc * ft}
    for k, d in delta.items():
        out["dW" + k], out["db" + k] = d @ concat.T, d.sum(axis=1, keepdims=True)
    return out
