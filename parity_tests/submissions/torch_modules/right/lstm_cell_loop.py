"""nn.LSTMCell in a loop of our own, batch first, output of all steps only"""
import torch
import torch.nn as nn


class SequenceModel(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.lstm_cell = nn.LSTMCell(input_size, hidden_size)

    def forward(self, x, h_0=None, c_0=None):
        batch = x.size(0)
        h = h_0 if h_0 is not None else torch.zeros(batch, self.hidden_size, dtype=x.dtype)
        c = c_0 if c_0 is not None else torch.zeros(batch, self.hidden_size, dtype=x.dtype)
        outputs = torch.empty(batch, x.size(1), self.hidden_size, dtype=x.dtype)
        for i, x_t in enumerate(x.chunk(x.size(1), dim=1)):
            h, c = self.lstm_cell(x_t.squeeze(1), (h, c))
            outputs[:, i] = h
        return outputs
