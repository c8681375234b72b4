#!/usr/bin/env python3
"""Forward propagation of a bidirectional RNN"""
import numpy as np


def bi_rnn(bi_cell, X, h_0, h_T):
    """
    X: (t, m, i), h_0 and h_T: (m, h)
    Returns: H (t, m, 2 * h), Y (t, m, o)
    """
    t, m, _ = X.shape
    h = h_0.shape[1]
    Hf = np.zeros((t + 1, m, h))
    Hb = np.zeros((t + 1, m, h))
    Hf[0] = h_0
    Hb[t] = h_T
    for k in range(t):
        Hf[k + 1] = bi_cell.forward(Hf[k], X[k])
    for k in range(t - 1, -1, -1):
        Hb[k] = bi_cell.backward(Hb[k + 1], X[k])
    H = np.concatenate((Hf[1:], Hb[:-1]), axis=-1)
    return H, bi_cell.output(H)
