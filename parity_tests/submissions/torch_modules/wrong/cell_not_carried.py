# wrong: LSTM.forward: the new cell state gets another name, c stays the initial one
import torch
import torch.nn as nn


class LSTM(nn.Module):
    def __init__(self, n_in, n_hidden):
        super().__init__()
        self.n_hidden = n_hidden
        self.W = nn.Linear(n_in, 4 * n_hidden)
        self.U = nn.Linear(n_hidden, 4 * n_hidden, bias=False)

    def forward(self, x, h, c):
        # x (T, B, n_in), h and c (B, n_hidden)
        ys = []
        for x_t in x:
            i, f, o, g = torch.chunk(self.W(x_t) + self.U(h), 4, dim=-1)
            c_next = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c_next)
            ys.append(h)
        return torch.stack(ys), h, c_next
