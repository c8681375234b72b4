import numpy as np


def softmax(scores, axis):
    scores = np.exp(scores - np.max(scores, axis=axis, keepdims=True))
    return scores / np.sum(scores, axis=axis, keepdims=True)


def sigmoid(weights, inputs, *, bias):
    return 1 / (1 + np.exp(-(weights @ inputs + bias)))


def rnn_cell_forward(xt, a_prev, parameters):
    a_next = np.tanh(parameters["Wax"] @ xt + parameters["Waa"] @ a_prev + parameters["ba"])
    yt_pred = softmax(parameters["Wya"] @ a_next + parameters["by"], 0)
    return a_next, yt_pred, (a_next, a_prev, xt, parameters)


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    stacked = np.vstack((a_prev, xt))
    ft, it, ot = (sigmoid(parameters["W" + k], stacked, bias=parameters["b" + k]) for k in "fio")
    cct = np.tanh(parameters["Wc"] @ stacked + parameters["bc"])
    c_next = ft * c_prev + it * cct
    a_next = ot * np.tanh(c_next)
    yt_pred = softmax(parameters["Wy"] @ a_next + parameters["by"], 0)
    return a_next, c_next, yt_pred, (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters)
