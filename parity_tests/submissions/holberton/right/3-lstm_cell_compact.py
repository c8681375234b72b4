#!/usr/bin/env python3
import numpy as np


class LSTMCell:
    def __init__(self, i: int, h: int, o: int) -> None:
        size = (h + i, h)
        self.Wf, self.Wu, self.Wc, self.Wo = (np.random.normal(size=size) for _ in range(4))
        self.bf, self.bu, self.bc, self.bo = (np.zeros((1, h)) for _ in range(4))
        self.Wy, self.by = np.random.normal(size=(h, o)), np.zeros((1, o))

    def forward(self, h_prev: np.ndarray, c_prev: np.ndarray, x_t: np.ndarray):
        v = np.hstack((h_prev, x_t))
        gate = lambda W, b: 0.5 * (1 + np.tanh(0.5 * (v.dot(W) + b)))
        c = gate(self.Wf, self.bf) * c_prev
        c += gate(self.Wu, self.bu) * np.tanh(v.dot(self.Wc) + self.bc)
        h = gate(self.Wo, self.bo) * np.tanh(c)
        y = np.exp(h.dot(self.Wy) + self.by)
        y /= y.sum(axis=1, keepdims=True)
        return h, c, y
