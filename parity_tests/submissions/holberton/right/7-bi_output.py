#!/usr/bin/env python3
"""Bidirectional cell with its output"""
import numpy as np


class BidirectionalCell:
    """Bidirectional cell of an RNN"""

    def __init__(self, i, h, o):
        """Constructor"""
        self.Whf = np.random.normal(size=(i + h, h))
        self.Whb = np.random.normal(size=(i + h, h))
        self.Wy = np.random.normal(size=(h + h, o))
        self.bhf = np.zeros((1, h))
        self.bhb = np.zeros((1, h))
        self.by = np.zeros((1, o))

    def forward(self, h_prev, x_t):
        """Hidden state going forward"""
        cell_input = np.concatenate((h_prev, x_t), axis=1)
        return np.tanh(np.matmul(cell_input, self.Whf) + self.bhf)

    def backward(self, h_next, x_t):
        """Hidden state going backward"""
        cell_input = np.concatenate((h_next, x_t), axis=1)
        return np.tanh(np.matmul(cell_input, self.Whb) + self.bhb)

    def output(self, H):
        """All outputs, H is (t, m, 2 * h)"""
        scores = np.matmul(H, self.Wy) + self.by
        e = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)
