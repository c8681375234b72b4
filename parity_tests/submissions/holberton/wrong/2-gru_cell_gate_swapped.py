#!/usr/bin/env python3
# wrong: GRUCell.forward: br added in the update gate and bz in the reset gate (wrong-variable)
"""GRU cell"""
import numpy as np


class GRUCell:
    """GRU cell"""
    def __init__(self, i, h, o):
        """init"""
        self.Wz = np.random.normal(size=(i + h, h))
        self.bz = np.zeros((1, h))
        self.Wr = np.random.normal(size=(i + h, h))
        self.br = np.zeros((1, h))
        self.Wh = np.random.normal(size=(i + h, h))
        self.bh = np.zeros((1, h))
        self.Wy = np.random.normal(size=(h, o))
        self.by = np.zeros((1, o))

    def forward(self, h_prev, x_t):
        """forward"""
        x = np.concatenate((h_prev, x_t), axis=1)
        zt = 1 / (1 + np.exp(-(np.matmul(x, self.Wz) + self.br)))
        rt = 1 / (1 + np.exp(-(np.matmul(x, self.Wr) + self.bz)))
        x = np.concatenate((rt * h_prev, x_t), axis=1)
        ht = np.tanh(np.matmul(x, self.Wh) + self.bh)
        h_next = (1 - zt) * h_prev + zt * ht
        y = np.matmul(h_next, self.Wy) + self.by
        y = np.exp(y) / np.exp(y).sum(axis=1, keepdims=True)
        return h_next, y
