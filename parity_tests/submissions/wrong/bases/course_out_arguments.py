import numpy as np


def slope(y, kind, out):
    """derivative of an activation in its value, written to out"""
    np.multiply(y, y, out=out)
    np.subtract(y if kind == "sigmoid" else 1.0, out, out=out)
    return out


def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    dz = np.empty(a_next.shape)
    slope(a_next, "tanh", out=dz)
    np.multiply(dz, da_next, out=dz)
    got = {"dWax": np.empty(parameters["Wax"].shape), "dWaa": np.empty(parameters["Waa"].shape)}
    got["dxt"], got["da_prev"] = np.empty(xt.shape), np.empty(a_prev.shape)
    np.matmul(parameters["Wax"].T, dz, out=got["dxt"])
    np.matmul(parameters["Waa"].T, dz, out=got["da_prev"])
    np.matmul(dz, xt.T, out=got["dWax"])
    np.matmul(dz, a_prev.T, out=got["dWaa"])
    got["dba"] = np.add.reduce(dz, axis=1, keepdims=True)
    return got


def lstm_cell_backward(da_next, dc_next, cache):
    a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters = cache
    n_a, m = a_next.shape
    delta, work, dc = np.empty((4, n_a, m)), np.empty((n_a, m)), np.empty((n_a, m))
    tanh_c = np.tanh(c_next)
    slope(tanh_c, "tanh", out=dc)
    np.multiply(dc, ot, out=dc)
    np.multiply(dc, da_next, out=dc)
    np.add(dc, dc_next, out=dc)
    for k, (gate, other) in enumerate(((ft, c_prev), (it, cct), (cct, it))):
        slope(gate, "tanh" if gate is cct else "sigmoid", out=work)
        np.multiply(work, other, out=work)
        np.multiply(work, dc, out=delta[k])
    slope(ot, "sigmoid", out=work)
    np.multiply(work, tanh_c, out=work)
    np.multiply(work, da_next, out=delta[3])
    joined = np.concatenate((a_prev, xt))
    back = np.zeros(joined.shape)
    out = {"dc_prev": np.multiply(dc, ft)}
    for k, name in enumerate("fico"):
        np.add(back, parameters["W" + name].T @ delta[k], out=back)
        out["dW" + name] = delta[k] @ joined.T
        out["db" + name] = delta[k].sum(axis=1, keepdims=True)
    out["da_prev"], out["dxt"] = back[:n_a], back[n_a:]
    return out
