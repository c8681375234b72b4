#!/usr/bin/env python3
""" simple RNN, the cell comes from the task before """
import numpy as np
RNNCell = __import__('0-rnn_cell').RNNCell


def rnn(rnn_cell, X, h_0):
    """ H starts with h_0, Y does not """
    H, Y = [h_0], []
    for x_t in X:
        h_next, y = rnn_cell.forward(H[-1], x_t)
        H.append(h_next)
        Y.append(y)
    return np.array(H), np.array(Y)


if __name__ == '__main__':
    np.random.seed(1)
    cell = RNNCell(10, 15, 5)
    H, Y = rnn(cell, np.random.randn(6, 8, 10), np.zeros((8, 15)))
    print(H.shape, Y.shape)
