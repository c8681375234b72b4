# wrong: RNNCell.backward: W_hh's gradient pairs the delta with h_t, not h_prev_t (whh-off-by-one); dh_prev_t with W_hh.T (no-transpose)
import numpy as np
from nn.activation import *


class RNNCell(object):
    def __init__(self, input_size, hidden_size):
        self.input_size, self.hidden_size = input_size, hidden_size
        self.activation = Tanh()
        self.init_weights(np.random.randn(hidden_size, input_size), np.random.randn(hidden_size, hidden_size), np.zeros(hidden_size), np.zeros(hidden_size))
        self.dW_ih, self.dW_hh = np.zeros((hidden_size, input_size)), np.zeros((hidden_size, hidden_size))
        self.db_ih, self.db_hh = np.zeros(hidden_size), np.zeros(hidden_size)

    def init_weights(self, W_ih, W_hh, b_ih, b_hh):
        self.W_ih, self.W_hh, self.b_ih, self.b_hh = W_ih, W_hh, b_ih, b_hh

    def __call__(self, x, h_prev_t):
        return self.forward(x, h_prev_t)

    def forward(self, x, h_prev_t):
        z = np.matmul(x, self.W_ih.T) + self.b_ih + np.matmul(h_prev_t, self.W_hh.T) + self.b_hh
        return self.activation.forward(z)

    def backward(self, delta, h_t, h_prev_l, h_prev_t):
        n = delta.shape[0]
        dz = self.activation.backward(delta, state=h_t)
        self.dW_ih += np.matmul(dz.T, h_prev_l) / n
        self.dW_hh += np.matmul(dz.T, h_t) / n
        self.db_ih += dz.mean(0)
        self.db_hh += dz.mean(0)
        return np.matmul(dz, self.W_ih), np.matmul(dz, self.W_hh.T)
