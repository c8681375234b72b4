#!/usr/bin/env python3
# wrong: rnn: every step starts from h_0 (a0-every-step)
"""forward propagation for a simple RNN"""
import numpy as np
RNNCell = __import__('0-rnn_cell').RNNCell


def rnn(rnn_cell, X, h_0):
    """forward propagation for a simple RNN"""
    t, m, i = X.shape
    H = np.zeros((t + 1, m, h_0.shape[1]))
    Y = np.zeros((t, m, rnn_cell.Wy.shape[1]))
    H[0] = h_0
    for step in range(t):
        h_next, y = rnn_cell.forward(h_0, X[step])
        H[step + 1] = h_next
        Y[step] = y
    return H, Y
