import numpy as np
from scipy.special import expit as sigma
from scipy.special import softmax as scipy_softmax


def split(W, n_a):
    return W[:, :n_a], W[:, n_a:]


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    n_a = a_prev.shape[0]
    pre = {}
    for gate in "fico":
        Wh, Wx = split(parameters[f"W{gate}"], n_a)
        pre[gate] = Wh @ a_prev + Wx @ xt + parameters[f"b{gate}"]
    f, i, o = sigma(pre["f"]), sigma(pre["i"]), sigma(pre["o"])
    g = np.tanh(pre["c"])
    c_next = f * c_prev + i * g
    a_next = o * np.tanh(c_next)
    yt = scipy_softmax(parameters["Wy"] @ a_next + parameters["by"], axis=0)
    cache = (a_next, c_next, a_prev, c_prev, f, i, g, o, xt, parameters)
    return a_next, c_next, yt, cache


def lstm_cell_backward(da_next, dc_next, cache):
    a_next, c_next, a_prev, c_prev, f, i, g, o, xt, parameters = cache
    n_a = a_next.shape[0]
    th = np.tanh(c_next)
    total_dc = dc_next + da_next * o * (1.0 - th * th)
    delta = {
        "o": da_next * th * o * (1.0 - o),
        "c": total_dc * i * (1.0 - g * g),
        "i": total_dc * g * i * (1.0 - i),
        "f": total_dc * c_prev * f * (1.0 - f),
    }
    da_prev = sum(split(parameters[f"W{k}"], n_a)[0].T @ d for k, d in delta.items())
    dxt = sum(split(parameters[f"W{k}"], n_a)[1].T @ d for k, d in delta.items())
    gradients = {"dxt": dxt, "da_prev": da_prev, "dc_prev": total_dc * f}
    for k, d in delta.items():
        gradients[f"dW{k}"] = np.hstack([d @ a_prev.T, d @ xt.T])
        gradients[f"db{k}"] = d.sum(axis=1).reshape(-1, 1)
    return gradients
