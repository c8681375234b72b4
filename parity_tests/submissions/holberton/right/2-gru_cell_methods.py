#!/usr/bin/env python3
"""
GRU Cell
"""

import numpy as np


class GRUCell:
    """
    Gated recurrent unit
    """

    def __init__(self, i, h, o):
        """
        Constructor
        """
        self.Wz = np.random.normal(size=(h + i, h))
        self.Wr = np.random.normal(size=(h + i, h))
        self.Wh = np.random.normal(size=(h + i, h))
        self.Wy = np.random.normal(size=(h, o))

        self.bz = np.zeros((1, h))
        self.br = np.zeros((1, h))
        self.bh = np.zeros((1, h))
        self.by = np.zeros((1, o))

    def sigmoid(self, x):
        """
        Logistic function
        """
        return 1 / (1 + np.exp(-x))

    def softmax(self, x):
        """
        Softmax of the rows
        """
        e_x = np.exp(x - np.max(x, axis=1, keepdims=True))
        return e_x / e_x.sum(axis=1, keepdims=True)

    def forward(self, h_prev, x_t):
        """
        One time step
        """
        h_x = np.concatenate((h_prev, x_t), axis=1)

        # update gate
        z_t = self.sigmoid(np.dot(h_x, self.Wz) + self.bz)

        # reset gate
        r_t = self.sigmoid(np.dot(h_x, self.Wr) + self.br)

        # candidate, with the reset state
        rh_x = np.concatenate((r_t * h_prev, x_t), axis=1)
        h_t = np.tanh(np.dot(rh_x, self.Wh) + self.bh)

        h_next = (1 - z_t) * h_prev + z_t * h_t
        y = self.softmax(np.dot(h_next, self.Wy) + self.by)
        return h_next, y
