# wrong: RNNCell.forward: y from h_prev (y-from-previous)
# wrong: rnn: row 0 of H is the state after the first step, h_0 is nowhere in H
import numpy as np


class RNNCell:
    def __init__(self, i, h, o):
        self.Wh, self.bh = np.random.randn(i + h, h), np.zeros((1, h))
        self.Wy, self.by = np.random.randn(h, o), np.zeros((1, o))

    def forward(self, h_prev, x_t):
        h_next = np.tanh(np.hstack((h_prev, x_t)) @ self.Wh + self.bh)
        e = np.exp(h_prev @ self.Wy + self.by)
        return h_next, e / e.sum(axis=1, keepdims=True)


def rnn(rnn_cell, X, h_0):
    h = h_0
    H, Y = [], []
    for t in range(X.shape[0]):
        h, y = rnn_cell.forward(h, X[t])
        H.append(h)
        Y.append(y)
    return np.array(H), np.array(Y)
