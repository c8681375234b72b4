# wrong: bi_rnn: the states of the backward direction are left in the order they were made in
import numpy as np

BidirectionalCell = __import__('7-bi_output').BidirectionalCell


def bi_rnn(bi_cell, X, h_0, h_T):
    """bidirectional RNN"""
    fwd, bwd = [], []
    h = h_0
    for x in X:
        h = bi_cell.forward(h, x)
        fwd.append(h)
    h = h_T
    for x in X[::-1]:
        h = bi_cell.backward(h, x)
        bwd.append(h)
    H = np.concatenate((np.array(fwd), np.array(bwd)), axis=-1)
    return H, bi_cell.output(H)
