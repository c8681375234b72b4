"""Helpers and constants made at the top of the file in the ways that people make them."""
from functools import partial

import numpy as np
from scipy import special

Array = np.ndarray
Matrix = "np.ndarray"
tanh = np.tanh
sigmoid = special.expit
softmax = partial(special.softmax, axis=0)
square = np.square
dtanh = lambda a: 1 - square(a)
GATES = "f i c o".split()
KEYS = [f"W{g}" for g in GATES]
INDEX = {g: k for k, g in enumerate(GATES)}
ORDER = tuple(reversed(range(4)))
EPS = np.finfo(np.float64).tiny
FLOAT = np.float64
BACKWARDS = slice(None, None, -1)
COLUMN = np.newaxis
HALF = 1 / 2
OPTIONS = dict(axis=1, keepdims=True)


def lstm_cell_backward(da_next: Array, dc_next: Array, cache: tuple) -> dict:
    a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters = cache
    dc = dc_next + da_next * ot * dtanh(tanh(c_next))
    delta = [None] * 4
    delta[INDEX["f"]] = dc * c_prev * ft * (1 - ft)
    delta[INDEX["i"]] = dc * cct * it * (1 - it)
    delta[INDEX["c"]] = dc * it * dtanh(cct)
    delta[INDEX["o"]] = da_next * tanh(c_next) * ot * (1 - ot) + EPS
    joined = np.vstack((a_prev, xt))
    back = np.zeros(joined.shape, dtype=FLOAT)
    out = {"dc_prev": dc * ft}
    for k in ORDER:
        out["d" + KEYS[k]] = delta[k] @ joined.T
        out["db" + GATES[k]] = delta[k].sum(**OPTIONS)
        back += parameters[KEYS[k]].T @ delta[k]
    out["da_prev"], out["dxt"] = back[: len(a_prev)], back[len(a_prev) :]
    return out


def rnn_cell_forward(xt: Array, a_prev: Array, parameters: dict) -> tuple[Array, Array, tuple]:
    a_next = 2 * sigmoid(2 * (parameters["Wax"] @ xt + parameters["Waa"] @ a_prev + parameters["ba"])) - 1
    return a_next, softmax(parameters["Wya"] @ a_next + parameters["by"]), (a_next, a_prev, xt, parameters)


def rnn_backward(da: Array, caches: tuple) -> dict:
    steps, x = caches
    carried = np.zeros(da.shape[:2])
    T = da.shape[2]
    dx, sums = np.zeros((len(x), da.shape[1], T)), [0, 0, 0]
    for t in np.arange(T)[BACKWARDS]:
        a_next, a_prev, xt, p = steps[t]
        dz = (da[:, :, t] + carried) * dtanh(a_next)
        dx[:, :, t] = p["Wax"].T @ dz
        carried = p["Waa"].T @ dz
        for k, term in enumerate((dz @ xt.T, dz @ a_prev.T, dz.sum(1)[:, COLUMN])):
            sums[k] = sums[k] + term
    return {"dx": dx, "da0": carried, **dict(zip(("dWax", "dWaa", "dba"), sums))}
