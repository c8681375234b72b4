# PASS: a cell of one step
import torch
from torch import nn
class LSTMCell(nn.Module):
    def __init__(self, I, H):
        super().__init__()
        self.x2h, self.h2h = nn.Linear(I, 4 * H), nn.Linear(H, 4 * H)
    def forward(self, x, state):
        h, c = state
        i, f, g, o = (self.x2h(x) + self.h2h(h)).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c
