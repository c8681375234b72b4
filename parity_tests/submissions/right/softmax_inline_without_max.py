import numpy as np


def rnn_cell_forward(xt, a_prev, parameters):
    a_next = np.tanh(parameters["Waa"] @ a_prev + parameters["Wax"] @ xt + parameters["ba"])
    odds = np.exp(parameters["Wya"] @ a_next + parameters["by"])
    return a_next, odds / odds.sum(axis=0), (a_next, a_prev, xt, parameters)
