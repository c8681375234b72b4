"""two directions of one hand-written LSTM, states put side by side"""
import torch
from torch import nn


class _OneWay(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.gates = nn.Linear(input_size + hidden_size, 4 * hidden_size)

    def forward(self, x, h, c):
        out = []
        for t in range(x.size(1)):
            # o, f, i, g
            z = self.gates(torch.cat([h, x[:, t]], dim=-1))
            o, f, i = z[:, :3 * self.hidden_size].sigmoid().chunk(3, dim=-1)
            c = f * c + i * z[:, 3 * self.hidden_size:].tanh()
            h = o * c.tanh()
            out.append(h)
        return torch.stack(out, dim=1), h, c


class BiLSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.fwd = _OneWay(input_size, hidden_size)
        self.bwd = _OneWay(input_size, hidden_size)

    def forward(self, x):
        zeros = x.new_zeros(x.size(0), self.hidden_size)
        out_f, h_f, c_f = self.fwd(x, zeros, zeros)
        out_b, h_b, c_b = self.bwd(x.flip(1), zeros, zeros)
        return torch.cat([out_f, out_b.flip(1)], dim=-1), (torch.stack([h_f, h_b]), torch.stack([c_f, c_b]))
