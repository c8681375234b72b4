#!/usr/bin/env python3
"""Deep RNN"""
import numpy as np


def deep_rnn(rnn_cells, X, h_0):
    """
    rnn_cells: list of RNNCell, one a layer
    X: (t, m, i)
    h_0: (l, m, h)
    Returns: H (t + 1, l, m, h), Y (t, m, o)
    """
    t, m, i = X.shape
    l, _, h = h_0.shape
    H = np.zeros((t + 1, l, m, h))
    H[0] = h_0
    Y = []
    for step in range(t):
        below = X[step]
        for layer, cell in enumerate(rnn_cells):
            below, y = cell.forward(H[step, layer], below)
            H[step + 1, layer] = below
        Y.append(y)
    return H, np.array(Y)
