# wrong: GRUCell.forward: z h_prev + (1 - z) h~, the other convention (as in torch)
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class GRUCell:
    def __init__(self, i, h, o):
        self.Wz, self.Wr, self.Wh = [np.random.randn(h + i, h) for _ in range(3)]
        self.bz, self.br, self.bh = [np.zeros((1, h)) for _ in range(3)]
        self.Wy = np.random.randn(h, o)
        self.by = np.zeros((1, o))

    def forward(self, h_prev, x_t):
        hx = np.hstack([h_prev, x_t])
        z = sigmoid(hx @ self.Wz + self.bz)
        r = sigmoid(hx @ self.Wr + self.br)
        h_t = np.tanh(np.hstack([r * h_prev, x_t]) @ self.Wh + self.bh)
        h_next = z * h_prev + (1 - z) * h_t
        y = np.exp(h_next @ self.Wy + self.by)
        return h_next, y / y.sum(axis=1, keepdims=True)
