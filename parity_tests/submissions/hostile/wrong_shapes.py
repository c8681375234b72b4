import numpy as np


def softmax(x):
    return np.exp(x - x.max(axis=0)).sum(axis=0)


def rnn_cell_forward(xt, a_prev, parameters):
    a_next = np.tanh(parameters["Wax"] @ xt + parameters["Waa"] @ a_prev + parameters["ba"])
    y = np.exp(parameters["Wya"] @ a_next + parameters["by"])
    return a_next.T, (y / y.sum(axis=0)).ravel(), (a_next, a_prev, xt, parameters)


def rnn_backward(da, caches):
    return {"dx": np.zeros((0, 3)), "da0": 3.0, "dWax": np.zeros((4, 5, 1, 1)), "dWaa": [], "dba": [[1], [2, 3]]}


def lstm_forward(x, a0, parameters):
    return x, a0
