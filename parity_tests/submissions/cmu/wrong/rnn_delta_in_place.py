# wrong: RNNCell.backward: delta is changed in place (upstream-in-place); dx and dh_prev_t are divided by the batch too (divided-by-m)
import numpy as np
from mytorch.nn.activation import Tanh


class RNNCell(object):
    def __init__(self, input_size, hidden_size):
        h, d = hidden_size, input_size
        self.input_size, self.hidden_size = d, h
        self.activation = Tanh()
        self.W_ih, self.W_hh = np.random.randn(h, d), np.random.randn(h, h)
        self.b_ih, self.b_hh = np.random.randn(h), np.random.randn(h)
        self.zero_grad()

    def init_weights(self, W_ih, W_hh, b_ih, b_hh):
        self.W_ih, self.W_hh, self.b_ih, self.b_hh = W_ih, W_hh, b_ih, b_hh

    def zero_grad(self):
        h, d = self.hidden_size, self.input_size
        self.dW_ih, self.dW_hh, self.db_ih, self.db_hh = np.zeros((h, d)), np.zeros((h, h)), np.zeros(h), np.zeros(h)

    def forward(self, x, h_prev_t):
        return self.activation.forward(x.dot(self.W_ih.T) + self.b_ih + h_prev_t.dot(self.W_hh.T) + self.b_hh)

    __call__ = forward

    def backward(self, delta, h_t, h_prev_l, h_prev_t):
        delta *= 1 - h_t ** 2
        delta /= len(delta)
        self.dW_ih += delta.T.dot(h_prev_l)
        self.dW_hh += delta.T.dot(h_prev_t)
        self.db_ih += delta.sum(axis=0)
        self.db_hh += delta.sum(axis=0)
        return delta.dot(self.W_ih), delta.dot(self.W_hh)
