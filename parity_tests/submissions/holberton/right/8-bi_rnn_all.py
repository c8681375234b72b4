"""the whole project in one module, as handed in by mail: cells, deep_rnn, bi_rnn"""
import numpy as np


def soft(z):
    w = np.exp(z - z.max(-1, keepdims=True))
    return w / w.sum(-1, keepdims=True)


class RNNCell:
    def __init__(self, i, h, o):
        self.Wh, self.bh = np.random.normal(size=(i + h, h)), np.zeros((1, h))
        self.Wy, self.by = np.random.normal(size=(h, o)), np.zeros((1, o))

    def forward(self, h_prev, x_t):
        h = np.tanh(np.concatenate([h_prev, x_t], -1) @ self.Wh + self.bh)
        return h, soft(h @ self.Wy + self.by)


def rnn(rnn_cell, X, h_0):
    H, Y = deep_rnn([rnn_cell], X, h_0[None])
    return H[:, 0], Y


def deep_rnn(rnn_cells, X, h_0):
    H, Y = [list(h_0)], []
    for x in X:
        layer_states = []
        for cell, h in zip(rnn_cells, H[-1]):
            x, y = cell.forward(h, x)
            layer_states.append(x)
        H.append(layer_states)
        Y.append(y)
    return np.array(H), np.array(Y)


class BidirectionalCell:
    def __init__(self, i, h, o):
        self.Whf, self.Whb = np.random.normal(size=(2, i + h, h))
        self.bhf, self.bhb = np.zeros((2, 1, h))
        self.Wy, self.by = np.random.normal(size=(2 * h, o)), np.zeros((1, o))

    def forward(self, h_prev, x_t):
        return np.tanh(np.concatenate([h_prev, x_t], -1) @ self.Whf + self.bhf)

    def backward(self, h_next, x_t):
        return np.tanh(np.concatenate([h_next, x_t], -1) @ self.Whb + self.bhb)

    def output(self, H):
        return soft(H @ self.Wy + self.by)


def bi_rnn(bi_cell, X, h_0, h_T):
    ahead, back = [], []
    for x, x_rev in zip(X, X[::-1]):
        h_0 = bi_cell.forward(h_0, x)
        h_T = bi_cell.backward(h_T, x_rev)
        ahead.append(h_0)
        back.append(h_T)
    H = np.concatenate([ahead, back[::-1]], axis=2)
    return H, bi_cell.output(H)
