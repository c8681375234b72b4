import logging
from numpy import *

log = logging.getLogger(__name__)


def sigmoid(x):
    return 1 / (1 + exp(-x))


def softmax(x):
    return exp(x - amax(x, axis=0)) / sum(exp(x - amax(x, axis=0)), axis=0)


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    concat = concatenate((a_prev, xt))
    ft = sigmoid(dot(parameters["Wf"], concat) + parameters["bf"])
    it = sigmoid(dot(parameters["Wi"], concat) + parameters["bi"])
    cct = tanh(dot(parameters["Wc"], concat) + parameters["bc"])
    ot = sigmoid(dot(parameters["Wo"], concat) + parameters["bo"])
    c_next = ft * c_prev + it * cct
    a_next = ot * tanh(c_next)
    log.debug("a_next %s", a_next.shape)
    yt = softmax(dot(parameters["Wy"], a_next) + parameters["by"])
    return a_next, c_next, yt, (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters)
