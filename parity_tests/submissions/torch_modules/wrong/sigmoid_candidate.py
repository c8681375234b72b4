# wrong: LSTM.forward: sigmoid for the candidate, where tanh belongs
import torch
from torch import nn


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.W = nn.Parameter(torch.randn(input_size, hidden_size * 4) * 0.2)
        self.U = nn.Parameter(torch.randn(hidden_size, hidden_size * 4) * 0.2)
        self.bias = nn.Parameter(torch.zeros(hidden_size * 4))

    def forward(self, x):
        B, T, _ = x.size()
        h = torch.zeros(B, self.hidden_size, dtype=x.dtype)
        c = torch.zeros(B, self.hidden_size, dtype=x.dtype)
        hs = []
        for t in range(T):
            i, f, g, o = torch.sigmoid(x[:, t] @ self.W + h @ self.U + self.bias).split(self.hidden_size, dim=1)
            c = f * c + i * g
            h = o * torch.tanh(c)
            hs.append(h)
        return torch.stack(hs, dim=1)
