import numpy as np

n_a = 5
rate = 0.5
np.random.seed(1)
Waa = np.random.randn(5, 5)
parameters = {"Waa": Waa}


def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, p = cache
    dz = da_next * (1 - a_next ** 2)
    return {"dxt": p["Wax"].T @ dz, "da_prev": Waa.T @ dz, "dWax": dz @ xt.T,
            "dWaa": dz @ a_prev.T, "dba": dz.sum(axis=1, keepdims=True)}


def lstm_cell_backward(da_next, dc_next, cache):
    (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, p) = cache
    t = np.tanh(c_next)
    dc = dc_next + da_next * ot * (1 - t ** 2)
    d = {"f": dc * c_prev * ft * (1 - ft), "i": dc * cct * it * (1 - it), "c": dc * it * (1 - cct ** 2),
         "o": da_next * t * ot * (1 - ot)}
    concat = np.vstack((a_prev, xt))
    back = sum(p["W" + k].T @ v for k, v in d.items())
    out = {"da_prev": back[:n_a], "dxt": back[n_a:], "dc_prev": dc * ft}
    for k, v in d.items():
        out["dW" + k] = v @ concat.T
        out["db" + k] = v.sum(axis=1, keepdims=True)
    return out
