# wrong: LSTM.forward: the output gate also adds c_t, a peephole without weights
import torch
from torch import nn


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.lin_f = nn.Linear(input_size + hidden_size, hidden_size)
        self.lin_i = nn.Linear(input_size + hidden_size, hidden_size)
        self.lin_g = nn.Linear(input_size + hidden_size, hidden_size)
        self.lin_o = nn.Linear(input_size + hidden_size, hidden_size)

    def forward(self, x, state=None):
        if state is None:
            z = torch.zeros(x.shape[0], self.hidden_size, dtype=x.dtype)
            state = z, z
        h, c = state
        out = []
        for t in range(x.shape[1]):
            xh = torch.cat([x[:, t], h], 1)
            f = torch.sigmoid(self.lin_f(xh))
            i = torch.sigmoid(self.lin_i(xh))
            g = torch.tanh(self.lin_g(xh))
            c = f * c + i * g
            o = torch.sigmoid(self.lin_o(xh) + c)
            h = o * torch.tanh(c)
            out.append(h)
        return torch.stack(out, 1), (h, c)
