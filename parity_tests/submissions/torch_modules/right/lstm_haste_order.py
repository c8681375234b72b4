"""Kernel, recurrent kernel and bias in haste's names, columns i, g, f, o; (h, c) with a layer axis in front."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size, batch_first=False, forget_bias=1.0):
        super(LSTM, self).__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.batch_first = batch_first
        self.forget_bias = forget_bias
        self.kernel = nn.Parameter(torch.empty(input_size, hidden_size * 4))
        self.recurrent_kernel = nn.Parameter(torch.empty(hidden_size, hidden_size * 4))
        self.bias = nn.Parameter(torch.empty(hidden_size * 4))
        self.reset_parameters()

    def reset_parameters(self):
        for i in range(4):
            s = slice(i * self.hidden_size, (i + 1) * self.hidden_size)
            nn.init.xavier_uniform_(self.kernel[:, s])
            nn.init.orthogonal_(self.recurrent_kernel[:, s])
        nn.init.zeros_(self.bias)
        nn.init.constant_(self.bias[self.hidden_size * 2:self.hidden_size * 3], self.forget_bias)

    def forward(self, input, state=None):
        if self.batch_first:
            input = input.permute(1, 0, 2)
        if state is None:
            zeros = torch.zeros(1, input.size(1), self.hidden_size, dtype=input.dtype, device=input.device)
            state = (zeros, zeros)
        h = [state[0][0]]
        c = [state[1][0]]
        Wx = input @ self.kernel
        for t in range(input.size(0)):
            v = torch.addmm(Wx[t] + self.bias, h[-1], self.recurrent_kernel)
            i, g, f, o = torch.chunk(v, 4, 1)
            c.append(torch.sigmoid(f) * c[-1] + torch.sigmoid(i) * torch.tanh(g))
            h.append(torch.sigmoid(o) * torch.tanh(c[-1]))
        output = torch.stack(h[1:])
        if self.batch_first:
            output = output.permute(1, 0, 2)
        return output, (h[-1].unsqueeze(0), c[-1].unsqueeze(0))
