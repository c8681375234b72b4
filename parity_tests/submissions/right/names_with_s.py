# the same functions under names of the author's
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - np.max(x, axis=0))
    return e / e.sum(axis=0)


def lstm_forward_pass(x, a0, parameters):
    n_x, m, T_x = x.shape
    n_a = a0.shape[0]
    n_y = parameters["by"].shape[0]
    a, c, y = np.zeros((n_a, m, T_x)), np.zeros((n_a, m, T_x)), np.zeros((n_y, m, T_x))
    caches = []
    a_prev, c_prev = a0, np.zeros((n_a, m))
    for t in range(T_x):
        xt = x[:, :, t]
        concat = np.concatenate((a_prev, xt))
        ft = sigmoid(parameters["Wf"] @ concat + parameters["bf"])
        it = sigmoid(parameters["Wi"] @ concat + parameters["bi"])
        cct = np.tanh(parameters["Wc"] @ concat + parameters["bc"])
        ot = sigmoid(parameters["Wo"] @ concat + parameters["bo"])
        c_next = ft * c_prev + it * cct
        a_next = ot * np.tanh(c_next)
        y[:, :, t] = softmax(parameters["Wy"] @ a_next + parameters["by"])
        caches.append((a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters))
        a[:, :, t] = a_prev = a_next
        c[:, :, t] = c_prev = c_next
    return a, y, c, (caches, x)


def lstm_backwards(da, caches):
    caches, x = caches
    n_a, m, T_x = da.shape
    g = {"dx": np.zeros((x.shape[0], m, T_x))}
    dh = dc = np.zeros((n_a, m))
    for t in range(T_x - 1, -1, -1):
        a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters = caches[t]
        dh = dh + da[:, :, t]
        tc = np.tanh(c_next)
        dc = dc + dh * ot * (1 - tc * tc)
        d = {"f": dc * c_prev * ft * (1 - ft), "i": dc * cct * it * (1 - it),
             "c": dc * it * (1 - cct * cct), "o": dh * tc * ot * (1 - ot)}
        concat = np.concatenate((a_prev, xt))
        back = 0
        for k in d:
            g["dW" + k] = g.get("dW" + k, 0) + d[k] @ concat.T
            g["db" + k] = g.get("db" + k, 0) + d[k].sum(axis=1, keepdims=True)
            back = back + parameters["W" + k].T @ d[k]
        dh, dc = back[:n_a], dc * ft
        g["dx"][:, :, t] = back[n_a:]
    g["da0"] = dh
    return g
