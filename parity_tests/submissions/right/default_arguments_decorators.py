import time
from functools import wraps

import numpy as np


def timed(function):
    @wraps(function)
    def wrapper(*args, **kwargs):
        start = time.perf_counter()
        result = function(*args, **kwargs)
        wrapper.seconds = time.perf_counter() - start
        return result

    return wrapper


@timed
def lstm_cell_backward(da_next, dc_next, cache, *, verbose=False):
    (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters) = cache
    n_a, _ = a_next.shape
    squeeze = 1 - np.tanh(c_next) ** 2
    gamma = dc_next + squeeze * ot * da_next
    df, di = gamma * c_prev * ft * (1 - ft), gamma * cct * it * (1 - it)
    dg, do = gamma * it * (1 - cct ** 2), da_next * np.tanh(c_next) * ot * (1 - ot)
    if verbose:
        print(df.shape)
    names, deltas = ("f", "i", "c", "o"), (df, di, dg, do)
    answer = {"dc_prev": gamma * ft}
    answer["da_prev"] = sum(parameters["W" + k][:, :n_a].T.dot(d) for k, d in zip(names, deltas))
    answer["dxt"] = sum(parameters["W" + k][:, n_a:].T.dot(d) for k, d in zip(names, deltas))
    for k, d in zip(names, deltas):
        answer["dW" + k] = np.concatenate((d.dot(a_prev.T), d.dot(xt.T)), axis=1)
        answer["db" + k] = d.dot(np.ones(d.shape[1]))[:, None]
    return answer


@timed
def lstm_backward(da, caches, da_last=None, dc_last=None):
    cells, x = caches
    n_a, m, T = da.shape
    da_next = np.zeros((n_a, m)) if da_last is None else da_last
    dc_next = np.zeros((n_a, m)) if dc_last is None else dc_last
    totals = dict()
    dx = np.zeros((x.shape[0], m, T))
    for t in reversed(range(T)):
        step = lstm_cell_backward(da[:, :, t] + da_next, dc_next, cells[t], verbose=False)
        da_next, dc_next = step["da_prev"], step["dc_prev"]
        dx[:, :, t] = step["dxt"]
        for key in ("dWf", "dbf", "dWi", "dbi", "dWc", "dbc", "dWo", "dbo"):
            totals.setdefault(key, np.zeros_like(step[key]))
            totals[key] += step[key]
    totals.update(dx=dx, da0=da_next)
    return totals
