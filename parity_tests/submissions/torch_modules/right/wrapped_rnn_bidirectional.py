import torch
import torch.nn as nn


class BiRNN(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.rnn = nn.RNN(input_size, hidden_size, num_layers=1, bidirectional=True)

    def forward(self, x, h0=None):
        if h0 is None:
            h0 = torch.zeros(2, x.size(1), self.hidden_size, dtype=x.dtype, device=x.device)
        y, h_n = self.rnn(x, h0)
        return y, h_n
