"""Bias gradients come back one-dimensional, and dba is made in three spellings."""
import numpy as np


def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    dz = da_next * (1 - np.square(a_next))
    return dict(
        dxt=parameters["Wax"].T.dot(dz),
        da_prev=parameters["Waa"].T.dot(dz),
        dWax=dz.dot(xt.T),
        dWaa=dz.dot(a_prev.T),
        dba=dz.sum(axis=-1),
    )


def rnn_backward(da, caches):
    steps, x = caches
    n_a, m, T = da.shape
    dba = np.zeros(n_a)
    dWax, dWaa = np.zeros((n_a, x.shape[0])), np.zeros((n_a, n_a))
    dx, carried = np.zeros((x.shape[0], m, T)), 0
    for t in range(T - 1, -1, -1):
        a_next, a_prev, xt, parameters = steps[t]
        dz = (da[:, :, t] + carried) * (1 - a_next * a_next)
        dba += dz.sum(1)
        dWax += dz @ xt.T
        dWaa += dz @ a_prev.T
        dx[:, :, t] = parameters["Wax"].T @ dz
        carried = parameters["Waa"].T @ dz
    return {"dx": dx, "da0": carried, "dWax": dWax, "dWaa": dWaa, "dba": dba}


def lstm_cell_backward(da_next, dc_next, cache):
    a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters = cache
    n_a = a_next.shape[0]
    th = np.tanh(c_next)
    dc = dc_next + ot * (1 - th ** 2) * da_next
    deltas = dict(f=dc * c_prev * ft * (1 - ft), i=dc * cct * it * (1 - it),
                  c=dc * it * (1 - cct ** 2), o=da_next * th * ot * (1 - ot))
    concat = np.r_[a_prev, xt]
    back = sum(np.dot(parameters["W" + k].T, d) for k, d in deltas.items())
    out = dict(dxt=back[n_a:], da_prev=back[:n_a], dc_prev=dc * ft)
    for k, d in deltas.items():
        out["dW" + k] = d @ concat.T
        out["db" + k] = d.sum(axis=1)
    return out
