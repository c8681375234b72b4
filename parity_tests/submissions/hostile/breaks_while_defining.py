import numpy as np


def sigmoid(x, scale=1 / 0):
    return 1 / (1 + np.exp(-x))


def softmax(x, axis=undefined_name):
    return x


def rnn_cell_forward(xt, a_prev, parameters):
    a_next = np.tanh(parameters["Wax"] @ xt + parameters["Waa"] @ a_prev + parameters["ba"])
    e = np.exp(parameters["Wya"] @ a_next + parameters["by"])
    return a_next, e / e.sum(axis=0), (a_next, a_prev, xt, parameters)
