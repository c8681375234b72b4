# PASS: one bias a gate
import torch
from torch import nn
class LSTM(nn.Module):
    def __init__(self, I, H):
        super().__init__()
        self.input_size, self.hidden_size = I, H
        for g in "ifco":
            self.register_parameter(f"W_{g}", nn.Parameter(torch.randn(I, H)))
            self.register_parameter(f"U_{g}", nn.Parameter(torch.randn(H, H)))
            self.register_parameter(f"b_{g}", nn.Parameter(torch.randn(H)))
    def forward(self, x, state=None):
        h, c = state if state is not None else (x.new_zeros(x.shape[0], self.hidden_size),) * 2
        out = []
        for t in range(x.shape[1]):
            i, f, g, o = (x[:, t] @ getattr(self, "W_" + k) + h @ getattr(self, "U_" + k) + getattr(self, "b_" + k) for k in "ifco")
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            out.append(h)
        return torch.stack(out, 1), (h, c)
