# wrong: GRUCell.backward: dbnh is a copy of dbnx, the factor r is missing (wrong-variable); the sign of dz is turned round
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class GRUCell:
    def __init__(self, d, h):
        self.d = d
        self.h = h

    def init_weights(self, Wrx, Wzx, Wnx, Wrh, Wzh, Wnh, brx, bzx, bnx, brh, bzh, bnh):
        self.Wrx, self.Wzx, self.Wnx, self.Wrh, self.Wzh, self.Wnh = Wrx, Wzx, Wnx, Wrh, Wzh, Wnh
        self.brx, self.bzx, self.bnx, self.brh, self.bzh, self.bnh = brx, bzx, bnx, brh, bzh, bnh

    def forward(self, x, h):
        self.x, self.hidden = x, h
        self.r = sigmoid(self.Wrx @ x + self.Wrh @ h + self.brx + self.brh)
        self.z = sigmoid(self.Wzx @ x + self.Wzh @ h + self.bzx + self.bzh)
        self.n = np.tanh(self.Wnx @ x + self.bnx + self.r * (self.Wnh @ h + self.bnh))
        return (1 - self.z) * self.n + self.z * h

    def backward(self, delta):
        dn = delta * (1 - self.z) * (1 - self.n ** 2)
        dz = delta * (self.n - self.hidden) * self.z * (1 - self.z)
        dr = dn * (self.Wnh @ self.hidden + self.bnh) * self.r * (1 - self.r)
        self.dWrx = np.outer(dr, self.x)
        self.dWzx = np.outer(dz, self.x)
        self.dWnx = np.outer(dn, self.x)
        self.dWrh = np.outer(dr, self.hidden)
        self.dWzh = np.outer(dz, self.hidden)
        self.dWnh = np.outer(dn * self.r, self.hidden)
        self.dbrx = self.dbrh = dr
        self.dbzx = self.dbzh = dz
        self.dbnx = self.dbnh = dn
        return dr @ self.Wrx + dz @ self.Wzx + dn @ self.Wnx, delta * self.z + dr @ self.Wrh + dz @ self.Wzh + (dn * self.r) @ self.Wnh
