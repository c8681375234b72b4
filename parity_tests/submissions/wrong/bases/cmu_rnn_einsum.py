import numpy as np


class RNNCell:
    def __init__(self, input_size, hidden_size):
        self.input_size, self.hidden_size = input_size, hidden_size
        rand = np.random.randn
        self.init_weights(rand(hidden_size, input_size), rand(hidden_size, hidden_size), rand(hidden_size), rand(hidden_size))
        self.zero_grad()

    def init_weights(self, W_ih, W_hh, b_ih, b_hh):
        self.W_ih, self.W_hh, self.b_ih, self.b_hh = W_ih, W_hh, b_ih, b_hh

    def zero_grad(self):
        for name in ("W_ih", "W_hh", "b_ih", "b_hh"):
            setattr(self, "d" + name, np.zeros(getattr(self, name).shape))

    def __call__(self, x, h_prev_t):
        return self.forward(x, h_prev_t)

    def forward(self, x, h_prev_t):
        pre = np.einsum("bi,hi->bh", x, self.W_ih) + np.einsum("bk,hk->bh", h_prev_t, self.W_hh)
        return np.tanh(pre + self.b_ih + self.b_hh)

    def backward(self, delta, h_t, h_prev_l, h_prev_t):
        mean = 1 / delta.shape[0]
        dz = np.einsum("bh,bh->bh", delta, 1 - h_t**2)
        self.dW_ih += mean * np.einsum("bh,bi->hi", dz, h_prev_l)
        self.dW_hh += mean * np.einsum("bh,bk->hk", dz, h_prev_t)
        db = mean * np.einsum("bh->h", dz)
        self.db_ih += db
        self.db_hh += db
        return np.einsum("bh,hi->bi", dz, self.W_ih), np.einsum("bh,hk->bk", dz, self.W_hh)
