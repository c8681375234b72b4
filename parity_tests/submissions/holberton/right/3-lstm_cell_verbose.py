#!/usr/bin/env python3
"""LSTM cell: forget gate f, update gate u, candidate c, output gate o"""
import numpy as np


def sigmoid(x):
    """sigmoid"""
    return 1 / (1 + np.exp(-x))


def softmax(x):
    """softmax over the classes"""
    return np.exp(x) / np.sum(np.exp(x), axis=1, keepdims=True)


class LSTMCell:
    """represents an LSTM unit"""

    def __init__(self, i, h, o):
        """creates the public instance attributes Wf, Wu, Wc, Wo, Wy, bf, bu, bc, bo, by"""
        self.Wf = np.random.randn(i + h, h)
        self.Wu = np.random.randn(i + h, h)
        self.Wc = np.random.randn(i + h, h)
        self.Wo = np.random.randn(i + h, h)
        self.Wy = np.random.randn(h, o)
        self.bf = np.zeros((1, h))
        self.bu = np.zeros((1, h))
        self.bc = np.zeros((1, h))
        self.bo = np.zeros((1, h))
        self.by = np.zeros((1, o))

    def forward(self, h_prev, c_prev, x_t):
        """
        performs forward propagation for one time step

        x_t (m, i), h_prev (m, h), c_prev (m, h)
        Returns: h_next, c_next, y
        """
        concat = np.concatenate((h_prev, x_t), axis=1)
        f = sigmoid(concat @ self.Wf + self.bf)
        u = sigmoid(concat @ self.Wu + self.bu)
        c_tilde = np.tanh(concat @ self.Wc + self.bc)
        c_next = u * c_tilde + f * c_prev
        o = sigmoid(concat @ self.Wo + self.bo)
        h_next = o * np.tanh(c_next)
        y = softmax(h_next @ self.Wy + self.by)
        return h_next, c_next, y
