#!/usr/bin/env python3
# wrong: bi_rnn: Hb of the step after, so that h_T itself is the last row (state-offset)
"""bidirectional RNN"""
import numpy as np


def bi_rnn(bi_cell, X, h_0, h_T):
    """bidirectional RNN"""
    t, m, i = X.shape
    h = h_0.shape[1]
    H_f = np.zeros((t + 1, m, h))
    H_b = np.zeros((t + 1, m, h))
    H_f[0], H_b[-1] = h_0, h_T
    for k in range(t):
        H_f[k + 1] = bi_cell.forward(H_f[k], X[k])
        H_b[t - 1 - k] = bi_cell.backward(H_b[t - k], X[t - 1 - k])
    H = np.concatenate((H_f[1:], H_b[1:]), axis=2)
    return H, bi_cell.output(H)
