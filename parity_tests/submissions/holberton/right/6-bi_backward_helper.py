#!/usr/bin/env python3
"""Both directions with one helper"""
import numpy as np


class BidirectionalCell:
    """A cell that looks both ways"""

    def __init__(self, i, h, o):
        """i inputs, h hidden units, o outputs"""
        self.Whf = np.random.randn(i + h, h)
        self.Whb = np.random.randn(i + h, h)
        self.Wy = np.random.randn(2 * h, o)
        self.bhf, self.bhb, self.by = np.zeros((1, h)), np.zeros((1, h)), np.zeros((1, o))

    def _step(self, h, x, W, b):
        """tanh of an affine map of [h, x]"""
        return np.tanh(np.dot(np.hstack((h, x)), W) + b)

    def forward(self, h_prev, x_t):
        """from the past"""
        h_next = self._step(h_prev, x_t, self.Whf, self.bhf)
        return h_next

    def backward(self, h_next, x_t):
        """from the future"""
        h_prev = self._step(h_next, x_t, self.Whb, self.bhb)
        return h_prev
