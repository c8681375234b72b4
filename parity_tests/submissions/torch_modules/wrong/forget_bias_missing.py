# wrong: CustomLSTM.forward: b_i added to the forget gate too, b_f is read nowhere (one-bias-for-several)
import torch
import torch.nn as nn


class CustomLSTM(nn.Module):
    def __init__(self, input_sz, hidden_sz):
        super().__init__()
        self.hidden_size = hidden_sz
        for k in ("i", "f", "c", "o"):
            setattr(self, f"W_{k}", nn.Parameter(torch.randn(input_sz, hidden_sz) * .1))
            setattr(self, f"U_{k}", nn.Parameter(torch.randn(hidden_sz, hidden_sz) * .1))
            setattr(self, f"b_{k}", nn.Parameter(torch.zeros(hidden_sz)))

    def forward(self, x, init_states=None):
        bs, seq_sz, _ = x.shape
        if init_states is None:
            h_t, c_t = (torch.zeros(bs, self.hidden_size, dtype=x.dtype) for _ in range(2))
        else:
            h_t, c_t = init_states
        seq = []
        for t in range(seq_sz):
            x_t = x[:, t, :]
            i_t = torch.sigmoid(x_t @ self.W_i + h_t @ self.U_i + self.b_i)
            f_t = torch.sigmoid(x_t @ self.W_f + h_t @ self.U_f + self.b_i)
            g_t = torch.tanh(x_t @ self.W_c + h_t @ self.U_c + self.b_c)
            o_t = torch.sigmoid(x_t @ self.W_o + h_t @ self.U_o + self.b_o)
            c_t = f_t * c_t + i_t * g_t
            h_t = o_t * torch.tanh(c_t)
            seq.append(h_t)
        return torch.stack(seq, dim=1), (h_t, c_t)
