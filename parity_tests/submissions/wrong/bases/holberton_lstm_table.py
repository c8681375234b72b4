#!/usr/bin/env python3
"""LSTM cell, its gates in a table"""
import numpy as np


class LSTMCell:
    """LSTM unit"""

    def __init__(self, i, h, o):
        """weights"""
        for name in "fuco":
            setattr(self, f"W{name}", np.random.normal(size=(i + h, h)))
            setattr(self, f"b{name}", np.zeros((1, h)))
        self.Wy, self.by = np.random.normal(size=(h, o)), np.zeros((1, o))

    def gate(self, name, v):
        """one of the four"""
        z = np.tensordot(v, getattr(self, "W" + name), axes=1) + getattr(self, "b" + name)
        return np.tanh(z) if name == "c" else 1 / (1 + np.exp(-z))

    def forward(self, h_prev, c_prev, x_t):
        """one step"""
        table = {name: self.gate(name, np.block([h_prev, x_t])) for name in "fuco"}
        c_next = table["f"] * c_prev + table["u"] * table["c"]
        h_next = table["o"] * np.tanh(c_next)
        scores = h_next @ self.Wy + self.by
        y = np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))
        return h_next, c_next, y
