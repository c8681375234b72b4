# stacked cells, dropout between layers only in training (p = 0 by default), torch's own names for the parameters
import torch
import torch.nn as nn
try:
    import pytorch_lightning as pl
    Base = pl.LightningModule
except ImportError:
    Base = nn.Module


class Cell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.weight_ih = nn.Parameter(torch.randn(4 * hidden_size, input_size) / hidden_size ** .5)
        self.weight_hh = nn.Parameter(torch.randn(4 * hidden_size, hidden_size) / hidden_size ** .5)
        self.bias_ih = nn.Parameter(torch.zeros(4 * hidden_size))
        self.bias_hh = nn.Parameter(torch.zeros(4 * hidden_size))

    def forward(self, x, state):
        hx, cx = state
        gates = torch.mm(x, self.weight_ih.t()) + self.bias_ih + torch.mm(hx, self.weight_hh.t()) + self.bias_hh
        i, f, g, o = gates.chunk(4, 1)
        cy = torch.sigmoid(f) * cx + torch.sigmoid(i) * torch.tanh(g)
        hy = torch.sigmoid(o) * torch.tanh(cy)
        return hy, (hy, cy)


class StackedLSTM(Base):
    def __init__(self, input_size, hidden_size, num_layers=2, dropout=0.0):
        super().__init__()
        self.hidden_size = hidden_size
        self.layers = nn.ModuleList([Cell(input_size if k == 0 else hidden_size, hidden_size) for k in range(num_layers)])
        self.drop = nn.Dropout(dropout)

    def init_hidden(self, batch):
        w = next(self.parameters())
        return [(w.new_zeros(batch, self.hidden_size), w.new_zeros(batch, self.hidden_size)) for _ in self.layers]

    def forward(self, x, hidden=None):
        """x (T, B, I) -> y (T, B, H), list of (h, c), one a layer"""
        hidden = self.init_hidden(x.size(1)) if hidden is None else list(hidden)
        for k, cell in enumerate(self.layers):
            ys, state = [], hidden[k]
            for x_t in x:
                y, state = cell(x_t, state)
                ys.append(y)
            hidden[k] = state
            x = torch.stack(ys)
            if k + 1 < len(self.layers):
                x = self.drop(x)
        return x, hidden
