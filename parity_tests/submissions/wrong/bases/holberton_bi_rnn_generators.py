#!/usr/bin/env python3
"""Bidirectional RNN with generators"""
import numpy as np


class BidirectionalCell:
    """both directions"""

    def __init__(self, i, h, o):
        """weights"""
        self.Whf, self.Whb = np.random.normal(size=(i + h, h)), np.random.normal(size=(i + h, h))
        self.bhf, self.bhb = np.zeros((1, h)), np.zeros((1, h))
        self.Wy, self.by = np.random.normal(size=(2 * h, o)), np.zeros((1, o))

    def forward(self, h_prev, x_t):
        """to the right"""
        n = h_prev.shape[1]
        return np.tanh(h_prev @ self.Whf[:n] + x_t @ self.Whf[n:] + self.bhf)

    def backward(self, h_next, x_t):
        """to the left"""
        n = h_next.shape[1]
        return np.tanh(h_next @ self.Whb[:n] + x_t @ self.Whb[n:] + self.bhb)

    def output(self, H):
        """softmax of each step"""
        z = np.einsum("tmk,ko->tmo", H, self.Wy) + self.by
        z = np.exp(z - z.max(axis=2)[..., None])
        return z / np.einsum("tmo->tm", z)[..., None]


def walk(step, state, inputs):
    """all states"""
    for x in inputs:
        state = step(state, x)
        yield state


def bi_rnn(bi_cell, X, h_0, h_T):
    """both walks"""
    right = list(walk(bi_cell.forward, h_0, X))
    left = list(walk(bi_cell.backward, h_T, X[::-1]))
    H = np.array([np.hstack(pair) for pair in zip(right, left[::-1])])
    return H, bi_cell.output(H)
