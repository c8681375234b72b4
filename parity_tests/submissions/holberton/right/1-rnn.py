#!/usr/bin/env python3
"""Forward propagation of a simple RNN over all time steps"""
import numpy as np


def rnn(rnn_cell, X, h_0):
    """
    rnn_cell: an instance of RNNCell
    X: the data, shape (t, m, i)
    h_0: the initial hidden state, shape (m, h)
    Returns: H, Y
    """
    t, m, i = X.shape
    h = h_0.shape[1]
    o = rnn_cell.by.shape[1]
    H = np.zeros((t + 1, m, h))
    Y = np.zeros((t, m, o))
    H[0] = h_0
    for step in range(t):
        H[step + 1], Y[step] = rnn_cell.forward(H[step], X[step])
    return H, Y
