#!/usr/bin/env python3
# wrong: BidirectionalCell.backward: bias of the other direction (one-bias-for-several)
# wrong: BidirectionalCell.output: softmax over the examples (softmax-wrong)
"""bidirectional cell"""
import numpy as np


class BidirectionalCell:
    """bidirectional cell"""

    def __init__(self, i, h, o):
        """init"""
        self.Whf = np.random.normal(size=(i + h, h))
        self.Whb = np.random.normal(size=(i + h, h))
        self.Wy = np.random.normal(size=(2 * h, o))
        self.bhf = np.zeros((1, h))
        self.bhb = np.zeros((1, h))
        self.by = np.zeros((1, o))

    def forward(self, h_prev, x_t):
        """forward direction"""
        x = np.concatenate((h_prev, x_t), axis=1)
        return np.tanh(np.dot(x, self.Whf) + self.bhf)

    def backward(self, h_next, x_t):
        """backward direction"""
        x = np.concatenate((h_next, x_t), axis=1)
        return np.tanh(np.dot(x, self.Whb) + self.bhf)

    def output(self, H):
        """outputs"""
        Y = np.dot(H, self.Wy) + self.by
        return np.exp(Y) / np.sum(np.exp(Y), axis=1, keepdims=True)
