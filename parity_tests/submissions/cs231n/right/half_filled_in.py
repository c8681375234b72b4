from builtins import range
import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h, cache = None, None
    ##########################################################
    # TODO: a single forward step                            #
    ##########################################################
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    cache = (x, Wx, prev_h, Wh, next_h)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    dx, dprev_h, dWx, dWh, db = None, None, None, None, None
    ##########################################################
    # TODO: a single backward step                           #
    ##########################################################
    x, Wx, prev_h, Wh, next_h = cache
    dnext_h = dnext_h * (1 - next_h ** 2)
    dx = dnext_h @ Wx.T
    dprev_h = dnext_h @ Wh.T
    dWx = x.T @ dnext_h
    dWh = prev_h.T @ dnext_h
    db = dnext_h.sum(axis=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    h, cache = None, None
    ##########################################################
    # TODO                                                   #
    ##########################################################
    cache = []
    h = np.zeros((x.shape[0], x.shape[1], h0.shape[1]))
    prev_h = h0
    for t in range(x.shape[1]):
        h[:, t, :], c = rnn_step_forward(x[:, t, :], prev_h, Wx, Wh, b)
        prev_h = h[:, t, :]
        cache.append(c)
    return h, cache


def rnn_backward(dh, cache):
    dx, dh0, dWx, dWh, db = None, None, None, None, None
    ##########################################################
    # TODO                                                   #
    ##########################################################
    return dx, dh0, dWx, dWh, db


def sigmoid(x):
    pos_mask = x >= 0
    neg_mask = x < 0
    z = np.zeros_like(x)
    z[pos_mask] = np.exp(-x[pos_mask])
    z[neg_mask] = np.exp(x[neg_mask])
    top = np.ones_like(x)
    top[neg_mask] = z[neg_mask]
    return top / (1 + z)


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    next_h, next_c, cache = None, None, None
    ##########################################################
    # TODO                                                   #
    ##########################################################
    pass
    return next_h, next_c, cache
