import math
import torch as T
from torch import nn


class LSTMCell(nn.Module):
    # order of the chunks: input, forget, cell, output
    def __init__(self, n_in, n_hidden, bias=True):
        super().__init__()
        self.n_in, self.n_hidden = n_in, n_hidden
        self.x2h = nn.Linear(n_in, 4 * n_hidden, bias=bias)
        self.h2h = nn.Linear(n_hidden, 4 * n_hidden, bias=bias)
        std = 1.0 / math.sqrt(n_hidden)
        for w in self.parameters():
            w.data.uniform_(-std, std)

    def forward(self, x, hx=None):
        if hx is None:
            hx = x.new_zeros(x.size(0), self.n_hidden), x.new_zeros(x.size(0), self.n_hidden)
        h, c = hx
        gates = self.x2h(x) + self.h2h(h)
        ingate, forgetgate, cellgate, outgate = gates.chunk(4, 1)
        c = T.mul(c, T.sigmoid(forgetgate)) + T.mul(T.sigmoid(ingate), T.tanh(cellgate))
        return T.mul(T.sigmoid(outgate), T.tanh(c)), c
