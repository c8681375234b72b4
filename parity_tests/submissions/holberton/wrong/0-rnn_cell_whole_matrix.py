#!/usr/bin/env python3
# wrong: RNNCell.forward: softmax over the whole matrix, examples share one sum (softmax-wrong)
"""Cell of a simple RNN"""
import numpy as np


class RNNCell:
    """simple cell"""

    def __init__(self, i, h, o):
        """constructor"""
        self.Wh = np.random.normal(size=(i + h, h))
        self.bh = np.zeros((1, h))
        self.Wy = np.random.normal(size=(h, o))
        self.by = np.zeros((1, o))

    def forward(self, h_prev, x_t):
        """one step"""
        h_next = np.tanh(np.concatenate((h_prev, x_t), axis=1) @ self.Wh + self.bh)
        z = h_next @ self.Wy + self.by
        y = np.exp(z) / np.sum(np.exp(z))
        return h_next, y
