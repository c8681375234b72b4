import math

import numpy as np


def sigmoid(number):
    return 1 / (1 + math.exp(-number))


def softmax(scores):
    """Of one example."""
    odds = [math.exp(score - max(scores)) for score in scores]
    return np.array(odds) / sum(odds)


gate = np.vectorize(sigmoid)


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    stacked = np.vstack((a_prev, xt))
    ft, it, ot = (gate(parameters["W" + k] @ stacked + parameters["b" + k]) for k in "fio")
    cct = np.tanh(parameters["Wc"] @ stacked + parameters["bc"])
    c_next = ft * c_prev + it * cct
    a_next = ot * np.tanh(c_next)
    scores = parameters["Wy"] @ a_next + parameters["by"]
    yt_pred = np.apply_along_axis(softmax, 0, scores)
    return a_next, c_next, yt_pred, (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters)
