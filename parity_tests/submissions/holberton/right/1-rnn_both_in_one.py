#!/usr/bin/env python3
'''cell and loop in one file, softmax as a method, the largest score taken off first'''
import numpy as np


class RNNCell():
    '''vanilla cell'''

    def __init__(self, i, h, o):
        '''weights normal, biases zero'''
        self.Wh = np.random.normal(0, 1, (i + h, h))
        self.Wy = np.random.normal(0, 1, (h, o))
        self.bh = np.zeros(shape=(1, h))
        self.by = np.zeros(shape=(1, o))

    @staticmethod
    def softmax(x):
        '''rows'''
        e = np.exp(x - np.max(x, axis=1, keepdims=True))
        return e / np.sum(e, axis=1, keepdims=True)

    def forward(self, h_prev, x_t):
        '''one step'''
        n_h = self.bh.shape[1]
        U, W = self.Wh[:n_h], self.Wh[n_h:]
        h_next = np.tanh(np.dot(h_prev, U) + np.dot(x_t, W) + self.bh)
        return h_next, self.softmax(np.dot(h_next, self.Wy) + self.by)


def rnn(rnn_cell, X, h_0):
    '''all steps'''
    T = X.shape[0]
    H = np.empty((T + 1,) + h_0.shape)
    H[0] = h_0
    Y = None
    for t in range(T):
        h_0, y = rnn_cell.forward(h_0, X[t])
        if Y is None:
            Y = np.empty((T,) + y.shape)
        H[t + 1] = h_0
        Y[t] = y
    return H, Y
