#!/usr/bin/env python3
# wrong: LSTMCell.forward: h = o * c, without the tanh (no-tanh-on-cell)
"""LSTM"""
import numpy as np


class LSTMCell:
    """LSTM unit"""

    def __init__(self, i, h, o):
        """init"""
        self.Wf = np.random.normal(size=(h + i, h))
        self.bf = np.zeros((1, h))
        self.Wu = np.random.normal(size=(h + i, h))
        self.bu = np.zeros((1, h))
        self.Wc = np.random.normal(size=(h + i, h))
        self.bc = np.zeros((1, h))
        self.Wo = np.random.normal(size=(h + i, h))
        self.bo = np.zeros((1, h))
        self.Wy = np.random.normal(size=(h, o))
        self.by = np.zeros((1, o))

    @staticmethod
    def sigmoid(x):
        """sigmoid"""
        return 1 / (1 + np.exp(-x))

    def forward(self, h_prev, c_prev, x_t):
        """one step"""
        x = np.concatenate((h_prev, x_t), axis=1)
        ft = self.sigmoid(x @ self.Wf + self.bf)
        ut = self.sigmoid(x @ self.Wu + self.bu)
        cct = np.tanh(x @ self.Wc + self.bc)
        c_next = ft * c_prev + ut * cct
        ot = self.sigmoid(x @ self.Wo + self.bo)
        h_next = ot * c_next
        y = h_next @ self.Wy + self.by
        y = np.exp(y) / np.sum(np.exp(y), axis=1, keepdims=True)
        return h_next, c_next, y
