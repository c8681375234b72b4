#!/usr/bin/env python3
# wrong: deep_rnn: a layer reads the state of the layer below of the step before (state-offset)
"""deep RNN"""
import numpy as np


def deep_rnn(rnn_cells, X, h_0):
    """deep RNN"""
    t, m, _ = X.shape
    layers, _, h = h_0.shape
    H = np.zeros((t + 1, layers, m, h))
    Y = np.zeros((t, m, rnn_cells[-1].by.shape[1]))
    H[0] = h_0
    for i in range(t):
        for j in range(layers):
            x = X[i] if j == 0 else H[i, j - 1]
            H[i + 1, j], Y[i] = rnn_cells[j].forward(H[i, j], x)
    return H, Y
