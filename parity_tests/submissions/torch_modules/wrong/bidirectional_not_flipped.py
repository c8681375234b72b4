# wrong: BiGRU.forward: the outputs of the backward direction are not flipped back
import torch
import torch.nn as nn


class BiGRU(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.forward_gru = nn.GRU(input_size, hidden_size, batch_first=True)
        self.backward_gru = nn.GRU(input_size, hidden_size, batch_first=True)

    def forward(self, x):
        out_f, h_f = self.forward_gru(x)
        out_b, h_b = self.backward_gru(torch.flip(x, dims=[1]))
        return torch.cat((out_f, out_b), dim=2), torch.cat((h_f, h_b), dim=0)
