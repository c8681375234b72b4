#!/usr/bin/env python3
"""GRU cell, one example after the other"""
import numpy as np


class GRUCell:
    """GRU unit"""

    def __init__(self, i, h, o):
        """weights"""
        self.Wz, self.Wr, self.Wh = np.random.normal(size=(3, i + h, h))
        self.bz, self.br, self.bh = np.zeros((3, 1, h))
        self.Wy, self.by = np.random.normal(size=(h, o)), np.zeros((1, o))

    def forward(self, h_prev, x_t):
        """one step"""
        rows = [self._example(h, x) for h, x in zip(h_prev, x_t)]
        h_next, y = map(np.array, zip(*rows))
        return h_next, y

    def _example(self, h, x):
        v = np.append(h, x)
        z = 1 / (1 + np.exp(-(self.Wz.T @ v + self.bz[0])))
        r = 1 / (1 + np.exp(-(self.Wr.T @ v + self.br[0])))
        new = np.tanh(self.Wh.T @ np.append(r * h, x) + self.bh[0])
        h = (1 - z) * h + z * new
        e = np.exp(h @ self.Wy + self.by[0])
        return h, e / e.sum()
