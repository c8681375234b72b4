# wrong: GRUCell.forward: reset gate applied to h before the product, bnh outside of it; backward fits this forward, which is another GRU
import numpy as np


class Sigmoid:
    def forward(self, z):
        self.a = 1 / (1 + np.exp(-z))
        return self.a

    def backward(self, d):
        return d * self.a * (1 - self.a)


class Tanh:
    def forward(self, z):
        self.a = np.tanh(z)
        return self.a

    def backward(self, d):
        return d * (1 - self.a ** 2)


class GRUCell(object):
    def __init__(self, d, h):
        self.d, self.h = d, h
        self.r_act, self.z_act, self.h_act = Sigmoid(), Sigmoid(), Tanh()

    def init_weights(self, Wrx, Wzx, Wnx, Wrh, Wzh, Wnh, brx, bzx, bnx, brh, bzh, bnh):
        self.Wrx, self.Wzx, self.Wnx, self.Wrh, self.Wzh, self.Wnh = Wrx, Wzx, Wnx, Wrh, Wzh, Wnh
        self.brx, self.bzx, self.bnx, self.brh, self.bzh, self.bnh = brx, bzx, bnx, brh, bzh, bnh

    def __call__(self, x, h):
        return self.forward(x, h)

    def forward(self, x, h):
        self.x, self.hidden = x, h
        self.r = self.r_act.forward(self.Wrx.dot(x) + self.brx + self.Wrh.dot(h) + self.brh)
        self.z = self.z_act.forward(self.Wzx.dot(x) + self.bzx + self.Wzh.dot(h) + self.bzh)
        self.n = self.h_act.forward(self.Wnx.dot(x) + self.bnx + self.Wnh.dot(self.r * h) + self.bnh)
        return (1 - self.z) * self.n + self.z * h

    def backward(self, delta):
        dn = self.h_act.backward(delta * (1 - self.z))
        dz = self.z_act.backward(delta * (self.hidden - self.n))
        drh = dn.dot(self.Wnh)
        dr = self.r_act.backward(drh * self.hidden)
        self.dWnx, self.dWnh, self.dbnx, self.dbnh = np.outer(dn, self.x), np.outer(dn, self.r * self.hidden), dn, dn
        self.dWzx, self.dWzh, self.dbzx, self.dbzh = np.outer(dz, self.x), np.outer(dz, self.hidden), dz, dz
        self.dWrx, self.dWrh, self.dbrx, self.dbrh = np.outer(dr, self.x), np.outer(dr, self.hidden), dr, dr
        dx = dn.dot(self.Wnx) + dz.dot(self.Wzx) + dr.dot(self.Wrx)
        dh = delta * self.z + drh * self.r + dz.dot(self.Wzh) + dr.dot(self.Wrh)
        return dx, dh
