# wrong: StackedGRU.forward: all layers start from the initial state of layer 0, and r weighs the input part of n too
import torch
from torch import nn


class StackedGRU(nn.Module):
    def __init__(self, input_size, hidden_size, num_layers=2):
        super().__init__()
        self.hidden_size = hidden_size
        self.wx = nn.ModuleList(nn.Linear(input_size if k == 0 else hidden_size, 3 * hidden_size) for k in range(num_layers))
        self.wh = nn.ModuleList(nn.Linear(hidden_size, 3 * hidden_size) for _ in range(num_layers))

    def forward(self, x, h0=None):
        if h0 is None:
            h0 = x.new_zeros(len(self.wx), x.size(0), self.hidden_size)
        last = []
        for wx, wh in zip(self.wx, self.wh):
            h, out = h0[0], []
            for t in range(x.size(1)):
                xr, xz, xn = wx(x[:, t]).chunk(3, dim=-1)
                hr, hz, hn = wh(h).chunk(3, dim=-1)
                r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
                n = torch.tanh(r * (xn + hn))
                h = (1 - z) * n + z * h
                out.append(h)
            x = torch.stack(out, dim=1)
            last.append(h)
        return x, torch.stack(last)
