# a newer edition: the update gate is Wu, bu
import numpy as np


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def softmax(x):
    e_x = np.exp(x - np.max(x, axis=0))
    return e_x / e_x.sum(axis=0)


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    Wf = parameters["Wf"]; bf = parameters["bf"]
    Wu = parameters["Wu"]; bu = parameters["bu"]
    Wc = parameters["Wc"]; bc = parameters["bc"]
    Wo = parameters["Wo"]; bo = parameters["bo"]
    Wy = parameters["Wy"]; by = parameters["by"]
    concat = np.concatenate([a_prev, xt])
    gamma_f = sigmoid(Wf.dot(concat) + bf)
    gamma_u = sigmoid(Wu.dot(concat) + bu)
    c_tilde = np.tanh(Wc.dot(concat) + bc)
    c_next = gamma_f * c_prev + gamma_u * c_tilde
    gamma_o = sigmoid(Wo.dot(concat) + bo)
    a_next = gamma_o * np.tanh(c_next)
    yt_pred = softmax(Wy.dot(a_next) + by)
    cache = (a_next, c_next, a_prev, c_prev, gamma_f, gamma_u, c_tilde, gamma_o, xt, parameters)
    return a_next, c_next, yt_pred, cache


def lstm_forward(x, a0, parameters):
    caches = []
    n_x, m, T_x = x.shape
    n_y, n_a = parameters["Wy"].shape
    a = np.zeros((n_a, m, T_x)); c = np.zeros_like(a); y = np.zeros((n_y, m, T_x))
    a_next, c_next = a0, np.zeros((n_a, m))
    for t in range(T_x):
        a_next, c_next, yt, cache = lstm_cell_forward(x[:, :, t], a_next, c_next, parameters)
        a[:, :, t], c[:, :, t], y[:, :, t] = a_next, c_next, yt
        caches.append(cache)
    return a, y, c, (caches, x)


def lstm_cell_backward(da_next, dc_next, cache):
    a_next, c_next, a_prev, c_prev, gf, gu, cc, go, xt, parameters = cache
    Wf, Wu, Wc, Wo = (parameters[k] for k in ("Wf", "Wu", "Wc", "Wo"))
    n_a = a_next.shape[0]
    dgo = da_next * np.tanh(c_next) * go * (1 - go)
    dc = dc_next + go * (1 - np.tanh(c_next) ** 2) * da_next
    dcc = dc * gu * (1 - cc ** 2)
    dgu = dc * cc * gu * (1 - gu)
    dgf = dc * c_prev * gf * (1 - gf)
    concat = np.vstack([a_prev, xt])
    dz = Wf.T @ dgf + Wu.T @ dgu + Wc.T @ dcc + Wo.T @ dgo
    return {
        "dxt": dz[n_a:, :], "da_prev": dz[:n_a, :], "dc_prev": dc * gf,
        "dWf": dgf @ concat.T, "dbf": dgf.sum(1, keepdims=True),
        "dWu": dgu @ concat.T, "dbu": dgu.sum(1, keepdims=True),
        "dWc": dcc @ concat.T, "dbc": dcc.sum(1, keepdims=True),
        "dWo": dgo @ concat.T, "dbo": dgo.sum(1, keepdims=True),
    }


def lstm_backward(da, caches):
    caches, x = caches
    n_a, m, T_x = da.shape
    n_x = x.shape[0]
    gradients = {"dx": np.zeros((n_x, m, T_x))}
    for k in "fuco":
        gradients["dW" + k] = np.zeros((n_a, n_a + n_x))
        gradients["db" + k] = np.zeros((n_a, 1))
    dh, dc = np.zeros((n_a, m)), np.zeros((n_a, m))
    for t in reversed(range(T_x)):
        step = lstm_cell_backward(da[:, :, t] + dh, dc, caches[t])
        dh, dc = step["da_prev"], step["dc_prev"]
        gradients["dx"][:, :, t] = step["dxt"]
        for k in "fuco":
            gradients["dW" + k] += step["dW" + k]
            gradients["db" + k] += step["db" + k]
    gradients["da0"] = dh
    return gradients
