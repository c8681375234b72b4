import torch
from torch import nn


class EinsumLSTM(nn.Module):
    """weights with a gate axis of their own: W (4, I, H), R (4, H, H), b (4, 1, H); gates f, i, o, g"""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.W = nn.Parameter(torch.randn(4, input_size, hidden_size) * 0.3)
        self.R = nn.Parameter(torch.randn(4, hidden_size, hidden_size) * 0.3)
        self.b = nn.Parameter(torch.zeros(4, 1, hidden_size))

    def forward(self, x, state):
        h, c = state
        pre = torch.einsum("bti,gih->tgbh", x, self.W) + self.b
        ys = []
        for p in pre:
            a = p + torch.einsum("bh,ghk->gbk", h, self.R)
            f, i, o = torch.sigmoid(a[:3])
            c = f * c + i * torch.tanh(a[3])
            h = o * torch.tanh(c)
            ys.append(h)
        return torch.stack(ys, dim=1), (h, c)
