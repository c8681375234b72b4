#!/usr/bin/env python3
""" bidirectional cell, the forward direction """
import numpy as np


class BidirectionalCell:
    """ bidirectional cell of an RNN """

    def __init__(self, i, h, o):
        """ weights """
        self.Whf = np.random.normal(size=(i + h, h))
        self.bhf = np.zeros((1, h))
        self.Whb = np.random.normal(size=(i + h, h))
        self.bhb = np.zeros((1, h))
        self.Wy = np.random.normal(size=(2 * h, o))
        self.by = np.zeros((1, o))

    def forward(self, h_prev, x_t):
        """ hidden state in the forward direction """
        return np.tanh(np.concatenate((h_prev, x_t), axis=1) @ self.Whf + self.bhf)
