# wrong: GRU_Cell.backward: dh through the candidate without the factor r; dWh pairs with h, not with r * h (wrong-variable)
import numpy as np
from activation import *


class GRU_Cell:
    def __init__(self, in_dim, hidden_dim):
        self.d, self.h = in_dim, hidden_dim
        h, d = hidden_dim, in_dim
        self.Wzh, self.Wrh, self.Wh = np.random.randn(h, h), np.random.randn(h, h), np.random.randn(h, h)
        self.Wzx, self.Wrx, self.Wx = np.random.randn(h, d), np.random.randn(h, d), np.random.randn(h, d)
        self.dWzh, self.dWrh, self.dWh = np.zeros((h, h)), np.zeros((h, h)), np.zeros((h, h))
        self.dWzx, self.dWrx, self.dWx = np.zeros((h, d)), np.zeros((h, d)), np.zeros((h, d))
        self.z_act = Sigmoid()
        self.r_act = Sigmoid()
        self.h_act = Tanh()

    def init_weights(self, Wzh, Wrh, Wh, Wzx, Wrx, Wx):
        self.Wzh, self.Wrh, self.Wh = Wzh, Wrh, Wh
        self.Wzx, self.Wrx, self.Wx = Wzx, Wrx, Wx

    def __call__(self, x, h):
        return self.forward(x, h)

    def forward(self, x, h):
        self.x, self.hidden = x, h
        self.z = self.z_act(self.Wzh.dot(h) + self.Wzx.dot(x))
        self.r = self.r_act(self.Wrh.dot(h) + self.Wrx.dot(x))
        self.h_tilda = self.h_act(self.Wh.dot(self.r * h) + self.Wx.dot(x))
        return (1 - self.z) * h + self.z * self.h_tilda

    def backward(self, delta):
        delta = delta.reshape(1, -1)
        x, h = self.x.reshape(1, -1), self.hidden.reshape(1, -1)
        dt = delta * self.z * self.h_act.derivative()
        dz = delta * (self.h_tilda - self.hidden) * self.z_act.derivative()
        drh = dt.dot(self.Wh)
        dr = drh * h * self.r_act.derivative()
        self.dWx += dt.T.dot(x)
        self.dWh += dt.T.dot(h)
        self.dWzx += dz.T.dot(x)
        self.dWzh += dz.T.dot(h)
        self.dWrx += dr.T.dot(x)
        self.dWrh += dr.T.dot(h)
        dx = dt.dot(self.Wx) + dz.dot(self.Wzx) + dr.dot(self.Wrx)
        dh = delta * (1 - self.z) + drh + dz.dot(self.Wzh) + dr.dot(self.Wrh)
        return dx, dh
