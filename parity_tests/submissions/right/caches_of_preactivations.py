"""Keeps what goes into the gates, in place of what comes out, at the same places of the cache."""
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(axis=0))
    return e / e.sum(axis=0)


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    concat = np.vstack((a_prev, xt))
    zf, zi, zc, zo = (parameters["W" + k] @ concat + parameters["b" + k] for k in "fico")
    c_next = sigmoid(zf) * c_prev + sigmoid(zi) * np.tanh(zc)
    a_next = sigmoid(zo) * np.tanh(c_next)
    yt = softmax(parameters["Wy"] @ a_next + parameters["by"])
    return a_next, c_next, yt, (a_next, c_next, a_prev, c_prev, zf, zi, zc, zo, xt, parameters)


def lstm_cell_backward(da_next, dc_next, cache):
    a_next, c_next, a_prev, c_prev, zf, zi, zc, zo, xt, parameters = cache
    f, i, g, o = sigmoid(zf), sigmoid(zi), np.tanh(zc), sigmoid(zo)
    tanh_c = np.tanh(c_next)
    dc = dc_next + da_next * o * (1 - tanh_c ** 2)
    dz = {"f": dc * c_prev * f * (1 - f), "i": dc * g * i * (1 - i),
          "c": dc * i * (1 - g ** 2), "o": da_next * tanh_c * o * (1 - o)}
    concat = np.vstack((a_prev, xt))
    back = sum(parameters["W" + k].T @ d for k, d in dz.items())
    n_a = a_next.shape[0]
    return {"dxt": back[n_a:], "da_prev": back[:n_a], "dc_prev": dc * f,
            **{"dW" + k: d @ concat.T for k, d in dz.items()},
            **{"db" + k: d.sum(axis=1, keepdims=True) for k, d in dz.items()}}
