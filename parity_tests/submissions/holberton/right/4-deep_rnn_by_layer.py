"""Layer after layer: each gets the whole sequence of states of the one below it."""
import numpy as np

RNNCell = __import__('0-rnn_cell').RNNCell
rnn = __import__('1-rnn').rnn


def deep_rnn(rnn_cells, X, h_0):
    """stacks rnn() on rnn()"""
    states = []
    inputs = X
    for cell, h in zip(rnn_cells, h_0):
        H, Y = rnn(cell, inputs, h)
        states.append(H)
        inputs = H[1:]
    return np.stack(states, axis=1), Y
