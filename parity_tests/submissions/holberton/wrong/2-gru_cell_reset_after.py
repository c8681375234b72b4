#!/usr/bin/env python3
# wrong: GRUCell.forward: the reset gate is put on the product (and on x and the bias too), not on h_prev
"""GRU"""
import numpy as np


class GRUCell:
    """GRU"""
    def __init__(self, i, h, o):
        """weights"""
        self.Wz = np.random.normal(size=(i + h, h))
        self.Wr = np.random.normal(size=(i + h, h))
        self.Wh = np.random.normal(size=(i + h, h))
        self.Wy = np.random.normal(size=(h, o))
        self.bz = np.zeros((1, h))
        self.br = np.zeros((1, h))
        self.bh = np.zeros((1, h))
        self.by = np.zeros((1, o))

    def forward(self, h_prev, x_t):
        """one step"""
        cat = np.concatenate((h_prev, x_t), axis=1)
        z = 1 / (1 + np.exp(-(cat @ self.Wz + self.bz)))
        r = 1 / (1 + np.exp(-(cat @ self.Wr + self.br)))
        h_hat = np.tanh(r * (cat @ self.Wh + self.bh))
        h_next = (1 - z) * h_prev + z * h_hat
        out = h_next @ self.Wy + self.by
        e = np.exp(out - out.max(axis=1, keepdims=True))
        return h_next, e / e.sum(axis=1, keepdims=True)
