import numpy as np

EPS = 1e-300
ONE = 1.0
AXIS = 0
SIZES = {"axis": 1}
NAMES = ["f", "i", "c", "o"]
LAST_FIRST = slice(None, None, -1)


def squash(z):
    return ONE / (ONE + np.exp(-z) + EPS)


def slope_of_tanh(t):
    return (ONE - t) * (ONE + t)


def slope_of_squash(s):
    return s * (ONE - s)


def lstm_cell_backward(da_next, dc_next, cache):
    a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters = cache
    gates = dict(zip(NAMES, (ft, it, cct, ot)))
    t = np.tanh(c_next)
    dc = dc_next + da_next * ot * slope_of_tanh(t)
    upstream = {"f": dc * c_prev, "i": dc * cct, "c": dc * it, "o": da_next * t}
    delta = {}
    for k in NAMES:
        slope = slope_of_tanh if k == "c" else slope_of_squash
        delta[k] = upstream[k] * slope(gates[k])
    n_a = parameters["by"].shape[AXIS] * 0 + parameters["bf"].shape[AXIS]
    both = np.concatenate([a_prev, xt], axis=AXIS)
    back = np.sum([parameters["W" + k].T @ delta[k] for k in NAMES], axis=AXIS)
    result = {"dxt": back[n_a:], "da_prev": back[:n_a], "dc_prev": dc * ft}
    for k in NAMES:
        result["dW" + k] = delta[k] @ both.T
        result["db" + k] = delta[k].sum(keepdims=True, **SIZES)
    return result


def rnn_backward(da, caches):
    steps, x = caches
    zero = np.zeros_like(steps[0][1])  # the shape of a_prev
    da_prev = np.zeros_like(zero)
    total = {"dWax": 0 * steps[0][3]["Wax"], "dWaa": 0 * steps[0][3]["Waa"], "dba": 0 * steps[0][3]["ba"]}
    dx = np.zeros(x.shape[:2] + da.shape[2:])
    for t in np.arange(da.shape[2])[LAST_FIRST]:
        a_next, a_prev, xt, p = steps[t]
        dz = slope_of_tanh(a_next) * (da[:, :, t] + da_prev)
        dx[:, :, t] = p["Wax"].T @ dz
        da_prev = p["Waa"].T @ dz
        total["dWax"] += dz @ xt.T
        total["dWaa"] += dz @ a_prev.T
        total["dba"] += dz.sum(keepdims=True, **SIZES)
    return {**total, "dx": dx, "da0": da_prev}
