#!/usr/bin/env python3
# wrong: RNNCell.forward: [x, h] where the rows of Wh stand for [h, x]
"""Cell of a simple RNN"""
import numpy as np


class RNNCell:
    def __init__(self, i, h, o):
        self.Wh = np.random.normal(size=(i + h, h))
        self.bh = np.zeros((1, h))
        self.Wy = np.random.normal(size=(h, o))
        self.by = np.zeros((1, o))

    def softmax(self, x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def forward(self, h_prev, x_t):
        inp = np.concatenate((x_t, h_prev), axis=1)
        h_next = np.tanh(np.dot(inp, self.Wh) + self.bh)
        y = self.softmax(np.dot(h_next, self.Wy) + self.by)
        return h_next, y
