# the edition whose biases are called bir, biz, bin, bhr, bhz, bhn
import sys
sys.path.append("mytorch")
import numpy as np
from activation import *


class GRUCell(object):
    """GRU Cell class."""

    def __init__(self, in_dim, hidden_dim):
        self.d = in_dim
        self.h = hidden_dim
        h = self.h
        d = self.d
        self.x_t = 0
        self.Wrx = np.random.randn(h, d)
        self.Wzx = np.random.randn(h, d)
        self.Wnx = np.random.randn(h, d)
        self.Wrh = np.random.randn(h, h)
        self.Wzh = np.random.randn(h, h)
        self.Wnh = np.random.randn(h, h)
        self.bir = np.random.randn(h)
        self.biz = np.random.randn(h)
        self.bin = np.random.randn(h)
        self.bhr = np.random.randn(h)
        self.bhz = np.random.randn(h)
        self.bhn = np.random.randn(h)
        self.dWrx = np.zeros((h, d))
        self.dWzx = np.zeros((h, d))
        self.dWnx = np.zeros((h, d))
        self.dWrh = np.zeros((h, h))
        self.dWzh = np.zeros((h, h))
        self.dWnh = np.zeros((h, h))
        self.dbir = np.zeros((h))
        self.dbiz = np.zeros((h))
        self.dbin = np.zeros((h))
        self.dbhr = np.zeros((h))
        self.dbhz = np.zeros((h))
        self.dbhn = np.zeros((h))
        self.r_act = Sigmoid()
        self.z_act = Sigmoid()
        self.h_act = Tanh()

    def init_weights(self, Wrx, Wzx, Wnx, Wrh, Wzh, Wnh, bir, biz, bin, bhr, bhz, bhn):
        self.Wrx = Wrx
        self.Wzx = Wzx
        self.Wnx = Wnx
        self.Wrh = Wrh
        self.Wzh = Wzh
        self.Wnh = Wnh
        self.bir = bir
        self.biz = biz
        self.bin = bin
        self.bhr = bhr
        self.bhz = bhz
        self.bhn = bhn

    def __call__(self, x, h):
        return self.forward(x, h)

    def forward(self, x, h):
        self.x = x
        self.hidden = h
        self.r = self.r_act(self.Wrx @ x + self.bir + self.Wrh @ h + self.bhr)
        self.z = self.z_act(self.Wzx @ x + self.biz + self.Wzh @ h + self.bhz)
        self.q = self.Wnh @ h + self.bhn
        self.n = self.h_act(self.Wnx @ x + self.bin + self.r * self.q)
        h_t = (1 - self.z) * self.n + self.z * h
        return h_t

    def backward(self, delta):
        x = self.x[None, :]
        h = self.hidden[None, :]
        dn = delta * (1 - self.z) * self.h_act.derivative()
        dz = delta * (self.hidden - self.n) * self.z_act.derivative()
        dr = dn * self.q * self.r_act.derivative()
        dn, dz, dr = dn.reshape(1, -1), dz.reshape(1, -1), dr.reshape(1, -1)
        dnr = dn * self.r

        self.dWnx += dn.T @ x
        self.dWnh += dnr.T @ h
        self.dbin += dn[0]
        self.dbhn += dnr[0]

        self.dWzx += dz.T @ x
        self.dWzh += dz.T @ h
        self.dbiz += dz[0]
        self.dbhz += dz[0]

        self.dWrx += dr.T @ x
        self.dWrh += dr.T @ h
        self.dbir += dr[0]
        self.dbhr += dr[0]

        dx = dn @ self.Wnx + dz @ self.Wzx + dr @ self.Wrx
        dh = delta.reshape(1, -1) * self.z + dnr @ self.Wnh + dz @ self.Wzh + dr @ self.Wrh
        return dx, dh
