# wrong: LSTMCell.forward: candidate through the sigmoid, and softmax down the columns (softmax-wrong)
import numpy as np


class LSTMCell:
    def __init__(self, i, h, o):
        for k in ['f', 'u', 'c', 'o']:
            self.__dict__['W' + k] = np.random.randn(h + i, h)
            self.__dict__['b' + k] = np.zeros((1, h))
        self.Wy, self.by = np.random.randn(h, o), np.zeros((1, o))

    def forward(self, h_prev, c_prev, x_t):
        hx = np.concatenate([h_prev, x_t], 1)
        f, u, c_hat, o = (1 / (1 + np.exp(-(hx @ W + b))) for W, b in
                          [(self.Wf, self.bf), (self.Wu, self.bu), (self.Wc, self.bc), (self.Wo, self.bo)])
        c_next = f * c_prev + u * c_hat
        h_next = o * np.tanh(c_next)
        e = np.exp(h_next @ self.Wy + self.by)
        return h_next, c_next, e / e.sum(axis=0)
