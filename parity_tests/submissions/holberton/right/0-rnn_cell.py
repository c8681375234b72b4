#!/usr/bin/env python3
"""
Defines a class RNNCell that represents a cell of a simple RNN
"""
import numpy as np


class RNNCell:
    """
    Represents a cell of a simple RNN
    """

    def __init__(self, i, h, o):
        """
        Class constructor

        i: dimensionality of the data
        h: dimensionality of the hidden state
        o: dimensionality of the outputs
        """
        self.Wh = np.random.normal(size=(i + h, h))
        self.bh = np.zeros((1, h))
        self.Wy = np.random.normal(size=(h, o))
        self.by = np.zeros((1, o))

    def forward(self, h_prev, x_t):
        """
        Performs forward propagation for one time step

        Returns: h_next, y
        """
        both = np.concatenate((h_prev, x_t), axis=1)
        h_next = np.tanh(np.matmul(both, self.Wh) + self.bh)
        z = np.matmul(h_next, self.Wy) + self.by
        y = np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)
        return h_next, y
