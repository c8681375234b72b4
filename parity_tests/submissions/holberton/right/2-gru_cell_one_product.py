"""GRU cell, z and r in one product"""
import numpy as np
from scipy.special import expit, softmax


class GRUCell(object):

    def __init__(self, i, h, o):
        for gate in 'zrh':
            setattr(self, 'W' + gate, np.random.randn(i + h, h))
            setattr(self, 'b' + gate, np.zeros((1, h)))
        self.Wy = np.random.randn(h, o)
        self.by = np.zeros((1, o))

    def forward(self, h_prev, x_t):
        W = np.concatenate([self.Wz, self.Wr], axis=1)
        b = np.concatenate([self.bz, self.br], axis=1)
        z, r = np.split(expit(np.hstack([h_prev, x_t]) @ W + b), 2, axis=1)
        new = np.tanh(np.hstack([r * h_prev, x_t]) @ self.Wh + self.bh)
        h_next = h_prev + z * (new - h_prev)
        return h_next, softmax(h_next @ self.Wy + self.by, axis=-1)
