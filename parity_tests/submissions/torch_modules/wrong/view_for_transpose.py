# wrong: LSTMModel.forward: x.view(T, B, -1) in place of a transpose: batch and time are mixed
import torch
import torch.nn as nn


class LSTMModel(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size)

    def forward(self, x):
        # x: (batch, seq, feature)
        batch, seq, _ = x.shape
        out, (h_n, c_n) = self.lstm(x.view(seq, batch, -1))
        return out.view(batch, seq, -1), (h_n, c_n)
