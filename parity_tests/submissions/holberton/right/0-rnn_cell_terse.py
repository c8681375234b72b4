import numpy as np
class RNNCell:
    def __init__(self, i, h, o):
        r = np.random.randn
        self.Wh, self.Wy = r(h + i, h), r(h, o)
        self.bh, self.by = np.zeros((1, h)), np.zeros((1, o))
    def forward(self, h_prev, x_t):
        h = np.tanh(np.c_[h_prev, x_t] @ self.Wh + self.bh)
        e = np.exp(h @ self.Wy + self.by)
        return h, e / e.sum(1)[:, None]
