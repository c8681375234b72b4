"""University practical, part 2: an LSTM that classifies the last state of a sequence of one-hot vectors or numbers."""
from __future__ import absolute_import, division, print_function

import torch
import torch.nn as nn


class LSTM(nn.Module):

    def __init__(self, seq_length, input_dim, num_hidden, num_classes, batch_size=None, device='cpu'):
        super(LSTM, self).__init__()
        self.seq_length = seq_length
        self.num_hidden = num_hidden
        self.device = device

        def param(*shape):
            return nn.Parameter(nn.init.kaiming_normal_(torch.empty(*shape)))

        self.W_gx = param(input_dim, num_hidden)
        self.W_gh = param(num_hidden, num_hidden)
        self.b_g = nn.Parameter(torch.zeros(num_hidden))

        self.W_ix = param(input_dim, num_hidden)
        self.W_ih = param(num_hidden, num_hidden)
        self.b_i = nn.Parameter(torch.zeros(num_hidden))

        self.W_fx = param(input_dim, num_hidden)
        self.W_fh = param(num_hidden, num_hidden)
        self.b_f = nn.Parameter(torch.zeros(num_hidden))

        self.W_ox = param(input_dim, num_hidden)
        self.W_oh = param(num_hidden, num_hidden)
        self.b_o = nn.Parameter(torch.zeros(num_hidden))

        self.W_ph = param(num_hidden, num_classes)
        self.b_p = nn.Parameter(torch.zeros(num_classes))

    def forward(self, x):
        h = torch.zeros(x.shape[0], self.num_hidden, dtype=x.dtype, device=self.device)
        c = torch.zeros(x.shape[0], self.num_hidden, dtype=x.dtype, device=self.device)
        for step in range(self.seq_length):
            xt = x[:, step]
            g = torch.tanh(xt @ self.W_gx + h @ self.W_gh + self.b_g)
            i = torch.sigmoid(xt @ self.W_ix + h @ self.W_ih + self.b_i)
            f = torch.sigmoid(xt @ self.W_fx + h @ self.W_fh + self.b_f)
            o = torch.sigmoid(xt @ self.W_ox + h @ self.W_oh + self.b_o)
            c = g * i + c * f
            h = torch.tanh(c) * o
        return h @ self.W_ph + self.b_p
