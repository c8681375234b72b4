import torch
from torch import nn


class LSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.forget_gate = nn.Linear(input_size + hidden_size, hidden_size)
        self.input_gate = nn.Linear(input_size + hidden_size, hidden_size)
        self.candidate = nn.Linear(input_size + hidden_size, hidden_size)
        self.output_gate = nn.Linear(input_size + hidden_size, hidden_size)
        self.sigmoid, self.tanh = nn.Sigmoid(), nn.Tanh()

    def forward(self, x, state):
        h, c = state
        xh = torch.cat((x, h), dim=1)
        f = self.sigmoid(self.forget_gate(xh))
        i = self.sigmoid(self.input_gate(xh))
        g = self.tanh(self.candidate(xh))
        o = self.sigmoid(self.output_gate(xh))
        c = f * c + i * g
        h = o * self.tanh(c)
        return h, (h, c)


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.cell = LSTMCell(input_size, hidden_size)

    def forward(self, x, state=None):
        if state is None:
            z = torch.zeros(x.size(0), self.cell.hidden_size).to(x)
            state = (z, z)
        ys = []
        for t in range(x.size(1)):
            y, state = self.cell(x[:, t], state)
            ys.append(y)
        return torch.stack(ys, dim=1), state
