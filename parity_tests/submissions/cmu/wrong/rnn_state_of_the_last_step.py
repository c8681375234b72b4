# wrong: RNNCell.backward: takes the activation's own state, not h_t: right only for the step that ran last (state-offset)
# wrong: RNNCell.forward: b_ih is added twice, b_hh never (one-bias-for-several)
import numpy as np
from activation import *


class RNNCell(object):
    def __init__(self, input_size, hidden_size):
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.activation = Tanh()
        self.W_ih = np.random.randn(hidden_size, input_size)
        self.W_hh = np.random.randn(hidden_size, hidden_size)
        self.b_ih = np.random.randn(hidden_size)
        self.b_hh = np.random.randn(hidden_size)
        self.dW_ih = np.zeros((hidden_size, input_size))
        self.dW_hh = np.zeros((hidden_size, hidden_size))
        self.db_ih = np.zeros(hidden_size)
        self.db_hh = np.zeros(hidden_size)

    def init_weights(self, W_ih, W_hh, b_ih, b_hh):
        self.W_ih = W_ih
        self.W_hh = W_hh
        self.b_ih = b_ih
        self.b_hh = b_hh

    def __call__(self, x, h):
        return self.forward(x, h)

    def forward(self, x, h):
        z_x = np.dot(x, self.W_ih.T) + self.b_ih
        z_h = np.dot(h, self.W_hh.T) + self.b_ih
        return self.activation(z_x + z_h)

    def backward(self, delta, h, h_prev_l, h_prev_t):
        batch_size = delta.shape[0]
        dz = self.activation.derivative() * delta
        self.dW_ih += np.dot(dz.T, h_prev_l) / batch_size
        self.dW_hh += np.dot(dz.T, h_prev_t) / batch_size
        self.db_ih += np.sum(dz, axis=0) / batch_size
        self.db_hh += np.sum(dz, axis=0) / batch_size
        dx = np.dot(dz, self.W_ih)
        dh = np.dot(dz, self.W_hh)
        return dx, dh
