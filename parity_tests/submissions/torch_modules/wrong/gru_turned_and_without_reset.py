# wrong: GRU.forward: z and 1 - z exchanged while r, z, n are torch's, and r is computed but never used
import torch
from torch import nn


class GRU(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.weight_ih = nn.Parameter(torch.randn(3 * hidden_size, input_size) * 0.1)
        self.weight_hh = nn.Parameter(torch.randn(3 * hidden_size, hidden_size) * 0.1)
        self.bias_ih = nn.Parameter(torch.zeros(3 * hidden_size))
        self.bias_hh = nn.Parameter(torch.zeros(3 * hidden_size))

    def forward(self, x, h0=None):
        h = torch.zeros(x.size(1), self.hidden_size, dtype=x.dtype) if h0 is None else h0
        out = []
        for t in range(x.size(0)):
            xr, xz, xn = (x[t] @ self.weight_ih.T + self.bias_ih).chunk(3, 1)
            hr, hz, hn = (h @ self.weight_hh.T + self.bias_hh).chunk(3, 1)
            r = torch.sigmoid(xr + hr)
            z = torch.sigmoid(xz + hz)
            n = torch.tanh(xn + hn)
            h = (1 - z) * h + z * n
            out.append(h)
        return torch.stack(out), h
