import numpy as np
import sys
sys.path.append('mytorch')
from activation import *


class GRU_Cell:
    """docstring for GRU_Cell"""
    def __init__(self, in_dim, hidden_dim):
        self.d = in_dim
        self.h = hidden_dim
        h = self.h
        d = self.d
        self.x_t = 0

        self.Wzh = np.random.randn(h, h)
        self.Wrh = np.random.randn(h, h)
        self.Wh = np.random.randn(h, h)

        self.Wzx = np.random.randn(h, d)
        self.Wrx = np.random.randn(h, d)
        self.Wx = np.random.randn(h, d)

        self.dWzh = np.zeros((h, h))
        self.dWrh = np.zeros((h, h))
        self.dWh = np.zeros((h, h))

        self.dWzx = np.zeros((h, d))
        self.dWrx = np.zeros((h, d))
        self.dWx = np.zeros((h, d))

        self.z_act = Sigmoid()
        self.r_act = Sigmoid()
        self.h_act = Tanh()

    def init_weights(self, Wzh, Wrh, Wh, Wzx, Wrx, Wx):
        self.Wzh = Wzh
        self.Wrh = Wrh
        self.Wh = Wh
        self.Wzx = Wzx
        self.Wrx = Wrx
        self.Wx = Wx

    def __call__(self, x, h):
        return self.forward(x, h)

    def forward(self, x, h):
        # input (d,), hidden (h,)
        self.x = x
        self.hidden = h
        self.z1 = np.dot(self.Wzh, h)
        self.z2 = np.dot(self.Wzx, x)
        self.z4 = self.z_act(self.z1 + self.z2)
        self.z5 = np.dot(self.Wrh, h)
        self.z6 = np.dot(self.Wrx, x)
        self.z8 = self.r_act(self.z5 + self.z6)
        self.z9 = self.z8 * h
        self.z10 = np.dot(self.Wh, self.z9)
        self.z11 = np.dot(self.Wx, x)
        self.z13 = self.h_act(self.z10 + self.z11)
        h_t = (1 - self.z4) * h + self.z4 * self.z13
        return h_t

    def backward(self, delta):
        # delta (1, h) -> dx (1, d), dh (1, h)
        delta = np.asarray(delta).reshape(1, -1)
        x = self.x.reshape(1, -1)
        h = self.hidden.reshape(1, -1)

        dz13 = delta * self.z4
        dz4 = delta * (self.z13 - self.hidden)
        dh = delta * (1 - self.z4)

        dz12 = dz13 * self.h_act.derivative()
        self.dWx += np.dot(dz12.T, x)
        dx = np.dot(dz12, self.Wx)
        self.dWh += np.dot(dz12.T, self.z9.reshape(1, -1))
        dz9 = np.dot(dz12, self.Wh)
        dz8 = dz9 * self.hidden
        dh += dz9 * self.z8

        dz7 = dz8 * self.r_act.derivative()
        self.dWrx += np.dot(dz7.T, x)
        dx += np.dot(dz7, self.Wrx)
        self.dWrh += np.dot(dz7.T, h)
        dh += np.dot(dz7, self.Wrh)

        dz3 = dz4 * self.z_act.derivative()
        self.dWzx += np.dot(dz3.T, x)
        dx += np.dot(dz3, self.Wzx)
        self.dWzh += np.dot(dz3.T, h)
        dh += np.dot(dz3, self.Wzh)
        return dx, dh


if __name__ == '__main__':
    cell = GRU_Cell(3, 5)
    print(cell(np.ones(3), np.zeros(5)))
