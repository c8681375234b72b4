# whatever the arguments are called
import numpy as np


def _softmax(u):
    u = np.exp(u - u.max(axis=0))
    return u / u.sum(axis=0)


def rnn_cell_forward(x, h_prev, theta):
    h = np.tanh(theta["Wax"] @ x + theta["Waa"] @ h_prev + theta["ba"])
    return h, _softmax(theta["Wya"] @ h + theta["by"]), (h, h_prev, x, theta)


def lstm_cell_backward(dh, dc, memory):
    h, c, h_prev, c_prev, f, i, g, o, x, theta = memory
    s = dc + dh * o * (1 - np.tanh(c) ** 2)
    gates = {"f": s * c_prev * f * (1 - f), "i": s * g * i * (1 - i), "c": s * i * (1 - g ** 2),
             "o": dh * np.tanh(c) * o * (1 - o)}
    v = np.vstack((h_prev, x))
    dv = sum(theta["W" + k].T @ e for k, e in gates.items())
    d = {"dxt": dv[len(h):], "da_prev": dv[:len(h)], "dc_prev": s * f}
    d |= {"dW" + k: e @ v.T for k, e in gates.items()}
    d |= {"db" + k: e.sum(axis=1, keepdims=True) for k, e in gates.items()}
    return d


def rnn_backward(dH, memories):
    steps, X = memories
    dh = np.zeros_like(dH[:, :, 0])
    out = {"dx": np.zeros((X.shape[0], dH.shape[1], dH.shape[2])), "dWax": 0, "dWaa": 0, "dba": 0}
    for t in range(dH.shape[2] - 1, -1, -1):
        h, h_prev, x, theta = steps[t]
        dz = (dH[:, :, t] + dh) * (1 - h ** 2)
        out["dx"][:, :, t] = theta["Wax"].T @ dz
        out["dWax"] = out["dWax"] + dz @ x.T
        out["dWaa"] = out["dWaa"] + dz @ h_prev.T
        out["dba"] = out["dba"] + dz.sum(axis=1, keepdims=True)
        dh = theta["Waa"].T @ dz
    out["da0"] = dh
    return out
