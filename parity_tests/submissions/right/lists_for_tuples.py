import numpy as np
from utils.rnn_utils import sigmoid, softmax


def rnn_cell_forward(x_t, a_p, params):
    h = np.tanh(params["Wax"] @ x_t + params["Waa"] @ a_p + params["ba"])
    return [h, softmax(params["Wya"] @ h + params["by"]), [h, a_p, x_t, params]]


def rnn_forward(inputs, initial, params):
    hs = [initial]
    ys, kept = [], []
    for t in range(inputs.shape[-1]):
        h, y, cache = rnn_cell_forward(inputs[:, :, t], hs[t], params)
        hs.append(h)
        ys.append(y)
        kept.append(cache)
    return [np.stack(hs[1:], -1), np.stack(ys, -1), [kept, inputs]]


def rnn_cell_backward(grad, saved):
    h, a_p, x_t, params = saved
    dz = grad - grad * h * h
    return {"dba": dz.sum(axis=1, keepdims=True), "dWaa": dz @ a_p.T, "dWax": dz @ x_t.T,
            "da_prev": params["Waa"].T @ dz, "dxt": params["Wax"].T @ dz}


def rnn_backward(grads, saved):
    kept, inputs = saved
    da_prevt = np.zeros_like(kept[0][1])
    dWax = dWaa = dba = 0
    dx = np.zeros((inputs.shape[0], inputs.shape[1], grads.shape[2]))
    for t in reversed(range(grads.shape[2])):
        g = rnn_cell_backward(grads[:, :, t] + da_prevt, kept[t])
        dWax, dWaa, dba = dWax + g["dWax"], dWaa + g["dWaa"], dba + g["dba"]
        dx[:, :, t], da_prevt = g["dxt"], g["da_prev"]
    return {"dx": dx, "da0": da_prevt, "dWax": dWax, "dWaa": dWaa, "dba": dba}
