import copy

import numpy as np


def softmax(x):
    e_x = np.exp(x - np.max(x, axis=0))
    return e_x / e_x.sum(axis=0)


def rnn_cell_forward(xt, a_prev, parameters):
    parameters = copy.deepcopy(parameters)
    a_next = np.tanh(np.hstack([parameters["Waa"], parameters["Wax"]]) @ np.vstack([a_prev, xt]) + parameters["ba"])
    yt_pred = softmax(parameters["Wya"] @ a_next + parameters["by"])
    return a_next, yt_pred, (a_next, a_prev, xt, parameters)


def clip(gradients, maxValue):
    """Clips every gradient to [-maxValue, maxValue], after the backward pass."""
    for name in list(gradients):
        gradients[name] = np.clip(gradients[name], -maxValue, maxValue)
    return gradients


def update_parameters(parameters, gradients, lr):
    for name in ("Wax", "Waa", "ba"):
        parameters[name] += -lr * gradients["d" + name]
    return parameters


def rnn_cell_backward(da_next, cache):
    (a_next, a_prev, xt, parameters) = cache
    dz = (1 - np.power(a_next, 2)) * da_next
    W = np.concatenate((parameters["Waa"], parameters["Wax"]), axis=1)
    n_a = a_prev.shape[0]
    back, dW = W.T @ dz, dz @ np.concatenate((a_prev, xt)).T
    return {"dxt": back[n_a:], "da_prev": back[:n_a], "dWax": dW[:, n_a:], "dWaa": dW[:, :n_a],
            "dba": np.sum(dz, axis=1).reshape(n_a, 1)}


def optimize(X, Y, a_prev, parameters, vocab_size, learning_rate=0.01):
    loss, cache = rnn_forward_loss(X, Y, a_prev, parameters, vocab_size)
    gradients, a = rnn_backward_all(X, Y, parameters, cache)
    return loss, clip(gradients, 5), a
