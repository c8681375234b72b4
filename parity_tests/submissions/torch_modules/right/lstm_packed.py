import torch
from torch import nn


class MyLSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.W = nn.Parameter(torch.empty(input_size, 4 * hidden_size))
        self.U = nn.Parameter(torch.empty(hidden_size, 4 * hidden_size))
        self.bias = nn.Parameter(torch.zeros(4 * hidden_size))
        nn.init.xavier_uniform_(self.W)
        nn.init.orthogonal_(self.U)
        with torch.no_grad():
            self.bias[hidden_size:2 * hidden_size] = 1.  # remember at the start

    def forward(self, x, state=None):
        # x: (T, B, I)
        T, B, _ = x.shape
        HS = self.hidden_size
        if state is None:
            h = c = x.new_zeros(B, HS)
        else:
            h, c = state
        out = []
        for x_t in x.unbind(0):
            gates = x_t @ self.W + h @ self.U + self.bias
            i, f, g, o = (
                torch.sigmoid(gates[:, :HS]),
                torch.sigmoid(gates[:, HS:HS * 2]),
                torch.tanh(gates[:, HS * 2:HS * 3]),
                torch.sigmoid(gates[:, HS * 3:]),
            )
            c = f * c + i * g
            h = o * c.tanh()
            out.append(h)
        return torch.stack(out), (h, c)
