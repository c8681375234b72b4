import torch
from torch import nn, Tensor
from typing import Optional, Tuple


class VanillaRNN(nn.Module):
    """Several layers of tanh units. Returns the states of the last layer and those of all layers at the end."""

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 2, batch_first: bool = True) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.batch_first = batch_first
        self.W_xh = nn.ParameterList()
        self.W_hh = nn.ParameterList()
        self.b_h = nn.ParameterList()
        for k in range(num_layers):
            size = input_size if k == 0 else hidden_size
            self.W_xh.append(nn.Parameter(torch.randn(size, hidden_size) * 0.1))
            self.W_hh.append(nn.Parameter(torch.randn(hidden_size, hidden_size) * 0.1))
            self.b_h.append(nn.Parameter(torch.zeros(hidden_size)))

    def forward(self, x: Tensor, h0: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        if self.batch_first:
            x = x.transpose(0, 1)
        T, B, _ = x.shape
        if h0 is None:
            h0 = torch.zeros(self.num_layers, B, self.hidden_size, dtype=x.dtype, device=x.device)
        h = list(h0.unbind(0))
        outputs = []
        for t in range(T):
            inp = x[t]
            for k in range(self.num_layers):
                h[k] = torch.tanh(inp @ self.W_xh[k] + h[k] @ self.W_hh[k] + self.b_h[k])
                inp = h[k]
            outputs.append(inp)
        y = torch.stack(outputs, dim=0)
        return (y.transpose(0, 1) if self.batch_first else y), torch.stack(h, dim=0)
