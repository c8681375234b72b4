# wrong: RNN.forward: h[0] in place of h[i]: the state of the first example is used for all of them
import torch
from torch import nn


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.Wxh = nn.Parameter(torch.randn(input_size, hidden_size) * 0.2)
        self.Whh = nn.Parameter(torch.randn(hidden_size, hidden_size) * 0.2)
        self.bh = nn.Parameter(torch.zeros(hidden_size))

    def forward(self, x, h=None):
        B, T, _ = x.shape
        if h is None:
            h = x.new_zeros(B, self.bh.numel())
        ys = []
        for t in range(T):
            h = torch.tanh(x[:, t] @ self.Wxh + h[0] @ self.Whh + self.bh)
            ys.append(h)
        return torch.stack(ys, 1), h
