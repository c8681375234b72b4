# the caches are one list a quantity, filled by the forward pass
import numpy as np


def rnn_forward(x, a0, parameters):
    T = x.shape[2]
    hs, ys = {-1: a0}, {}
    for t in range(T):
        hs[t] = np.tanh(parameters["Waa"] @ hs[t - 1] + parameters["Wax"] @ x[:, :, t] + parameters["ba"])
        logits = parameters["Wya"] @ hs[t] + parameters["by"]
        ys[t] = np.exp(logits - logits.max(0)) / np.exp(logits - logits.max(0)).sum(0)
    a = np.stack([hs[t] for t in range(T)], axis=2)
    y = np.stack([ys[t] for t in range(T)], axis=2)
    return a, y, {"hidden": hs, "inputs": x, "parameters": parameters}


def rnn_backward(da, caches):
    hs, x, parameters = caches["hidden"], caches["inputs"], caches["parameters"]
    dWax, dWaa = np.zeros_like(parameters["Wax"]), np.zeros_like(parameters["Waa"])
    dba = np.zeros_like(parameters["ba"])
    dx = np.zeros((x.shape[0], x.shape[1], da.shape[2]))
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(da.shape[2])):
        dh = da[:, :, t] + dhnext
        dhraw = (1 - hs[t] * hs[t]) * dh
        dba += dhraw.sum(axis=1, keepdims=True)
        dWax += np.dot(dhraw, x[:, :, t].T)
        dWaa += np.dot(dhraw, hs[t - 1].T)
        dx[:, :, t] = np.dot(parameters["Wax"].T, dhraw)
        dhnext = np.dot(parameters["Waa"].T, dhraw)
    return {"dx": dx, "da0": dhnext, "dWax": dWax, "dWaa": dWaa, "dba": dba}
