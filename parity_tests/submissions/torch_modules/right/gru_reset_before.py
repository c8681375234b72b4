import torch
from torch import nn


class GRU(nn.Module):
    """Textbook GRU: h = (1 - z) h + z n, and r on the state before the product."""

    def __init__(self, input_sz, hidden_sz):
        super().__init__()
        self.hidden_sz = hidden_sz
        mk = lambda *s: nn.Parameter(torch.randn(*s) * 0.2)
        self.W_z, self.U_z, self.b_z = mk(input_sz, hidden_sz), mk(hidden_sz, hidden_sz), mk(hidden_sz)
        self.W_r, self.U_r, self.b_r = mk(input_sz, hidden_sz), mk(hidden_sz, hidden_sz), mk(hidden_sz)
        self.W_h, self.U_h, self.b_h = mk(input_sz, hidden_sz), mk(hidden_sz, hidden_sz), mk(hidden_sz)

    def forward(self, x, h=None):
        if h is None:
            h = torch.zeros(x.shape[0], self.hidden_sz, dtype=x.dtype)
        seq = []
        for x_t in x.transpose(0, 1):
            z = torch.sigmoid(x_t @ self.W_z + h @ self.U_z + self.b_z)
            r = torch.sigmoid(x_t @ self.W_r + h @ self.U_r + self.b_r)
            n = torch.tanh(x_t @ self.W_h + (r * h) @ self.U_h + self.b_h)
            h = (1 - z) * h + z * n
            seq.append(h)
        return torch.stack(seq, 1), h
