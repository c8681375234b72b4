# wrong: deep_rnn: h_prev is overwritten by the layer below, every layer after the first goes on from it
# wrong: RNNCell.forward: b_h added outside of the tanh (misplaced-parentheses)
import numpy as np


class RNNCell:
    def __init__(self, i, h, o):
        self.Wh = np.random.randn(i + h, h)
        self.bh = np.zeros((1, h))
        self.Wy = np.random.randn(h, o)
        self.by = np.zeros((1, o))

    def forward(self, h_prev, x_t):
        h_next = np.tanh(np.dot(np.concatenate((h_prev, x_t), axis=1), self.Wh)) + self.bh
        z = np.exp(np.dot(h_next, self.Wy) + self.by)
        return h_next, z / z.sum(axis=1, keepdims=True)


def deep_rnn(rnn_cells, X, h_0):
    H = [h_0]
    Y = []
    for x in X:
        current = []
        h_prev = H[-1][0]
        for cell in rnn_cells:
            h_prev, y = cell.forward(h_prev, x)
            x = h_prev
            current.append(h_prev)
        H.append(np.array(current))
        Y.append(y)
    return np.array(H), np.array(Y)
