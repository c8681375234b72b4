import os
import warnings

try:
    import cupy as np
except ImportError:
    import numpy as np

try:
    from numba import njit
except ImportError:
    def njit(function):
        return function

warnings.filterwarnings("ignore")
DEBUG = os.environ.get("RNN_DEBUG", "") != ""

if DEBUG:
    print("debugging")


@njit
def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def softmax(x):
    e = np.exp(x - np.max(x, axis=0))
    return e / np.sum(e, axis=0)


def rnn_cell_forward(xt, a_prev, parameters):
    a_next = np.tanh(parameters["Wax"] @ xt + parameters["Waa"] @ a_prev + parameters["ba"])
    if DEBUG:
        print(a_next)
    return a_next, softmax(parameters["Wya"] @ a_next + parameters["by"]), (a_next, a_prev, xt, parameters)
