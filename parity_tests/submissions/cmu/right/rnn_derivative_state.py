import numpy as np
from mytorch.activation import Tanh


class RNNCell(object):

    def __init__(self, input_size, hidden_size):
        self.input_size, self.hidden_size = input_size, hidden_size
        self.activation = Tanh()
        h, d = hidden_size, input_size
        self.W_ih, self.W_hh = np.random.randn(h, d), np.random.randn(h, h)
        self.b_ih, self.b_hh = np.random.randn(h), np.random.randn(h)
        self.dW_ih, self.dW_hh = np.zeros((h, d)), np.zeros((h, h))
        self.db_ih, self.db_hh = np.zeros(h), np.zeros(h)

    def init_weights(self, W_ih, W_hh, b_ih, b_hh):
        self.W_ih = W_ih
        self.W_hh = W_hh
        self.b_ih = b_ih
        self.b_hh = b_hh

    def zero_grad(self):
        for name in ("dW_ih", "dW_hh", "db_ih", "db_hh"):
            getattr(self, name).fill(0)

    def __call__(self, x, h):
        return self.forward(x, h)

    def forward(self, x, h):
        """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), rows are examples"""
        h_prime = self.activation(np.matmul(x, self.W_ih.T) + self.b_ih + np.matmul(h, self.W_hh.T) + self.b_hh)
        return h_prime

    def backward(self, delta, h, h_prev_l, h_prev_t):
        batch_size = delta.shape[0]
        dz = self.activation.derivative(state=h) * delta
        self.dW_ih += np.einsum('bh,bd->hd', dz, h_prev_l) / batch_size
        self.dW_hh += np.einsum('bh,bk->hk', dz, h_prev_t) / batch_size
        self.db_ih += dz.mean(axis=0)
        self.db_hh += dz.mean(axis=0)
        return np.matmul(dz, self.W_ih), np.matmul(dz, self.W_hh)
