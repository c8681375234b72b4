import numpy as np
from mytorch.nn.activation import Sigmoid, Tanh


class GRUCell(object):
    """One vector at a time; backward works with (1, n) rows and returns rows."""

    def __init__(self, input_size, hidden_size):
        self.d = input_size
        self.h = hidden_size
        h, d = self.h, self.d
        self.Wrx, self.Wzx, self.Wnx = [np.random.randn(h, d) for _ in range(3)]
        self.Wrh, self.Wzh, self.Wnh = [np.random.randn(h, h) for _ in range(3)]
        self.brx, self.bzx, self.bnx, self.brh, self.bzh, self.bnh = [np.random.randn(h) for _ in range(6)]
        self.dWrx, self.dWzx, self.dWnx = [np.zeros((h, d)) for _ in range(3)]
        self.dWrh, self.dWzh, self.dWnh = [np.zeros((h, h)) for _ in range(3)]
        self.dbrx, self.dbzx, self.dbnx, self.dbrh, self.dbzh, self.dbnh = [np.zeros(h) for _ in range(6)]
        self.r_act = Sigmoid()
        self.z_act = Sigmoid()
        self.h_act = Tanh()

    def init_weights(self, Wrx, Wzx, Wnx, Wrh, Wzh, Wnh, brx, bzx, bnx, brh, bzh, bnh):
        self.Wrx = Wrx
        self.Wzx = Wzx
        self.Wnx = Wnx
        self.Wrh = Wrh
        self.Wzh = Wzh
        self.Wnh = Wnh
        self.brx = brx
        self.bzx = bzx
        self.bnx = bnx
        self.brh = brh
        self.bzh = bzh
        self.bnh = bnh

    def __call__(self, x, h):
        return self.forward(x, h)

    def forward(self, x, h):
        self.x = x
        self.hidden = h
        self.r = self.r_act.forward(np.dot(self.Wrx, x) + self.brx + np.dot(self.Wrh, h) + self.brh)
        self.z = self.z_act.forward(np.dot(self.Wzx, x) + self.bzx + np.dot(self.Wzh, h) + self.bzh)
        self.n = self.h_act.forward(np.dot(self.Wnx, x) + self.bnx + np.multiply(self.r, np.dot(self.Wnh, h) + self.bnh))
        return np.multiply(1 - self.z, self.n) + np.multiply(self.z, h)

    def backward(self, delta):
        self.x = self.x.reshape(self.d, 1)
        self.hidden = self.hidden.reshape(self.h, 1)
        delta = delta.reshape(1, self.h)
        r, z, n = (v.reshape(1, self.h) for v in (self.r, self.z, self.n))
        h_row = self.hidden.T

        dn = np.multiply(delta, 1 - z)
        dz = np.multiply(delta, h_row - n)
        dtanh = dn * (1 - n ** 2)
        inner = (np.dot(self.Wnh, self.hidden) + self.bnh.reshape(-1, 1)).T
        dr = np.multiply(dtanh, inner)
        dsig_z = dz * z * (1 - z)
        dsig_r = dr * r * (1 - r)

        self.dWnx += np.dot(self.x, dtanh).T
        self.dWnh += np.dot(self.hidden, dtanh * r).T
        self.dbnx += dtanh.reshape(-1)
        self.dbnh += (dtanh * r).reshape(-1)
        self.dWzx += np.dot(self.x, dsig_z).T
        self.dWzh += np.dot(self.hidden, dsig_z).T
        self.dbzx += dsig_z.reshape(-1)
        self.dbzh += dsig_z.reshape(-1)
        self.dWrx += np.dot(self.x, dsig_r).T
        self.dWrh += np.dot(self.hidden, dsig_r).T
        self.dbrx += dsig_r.reshape(-1)
        self.dbrh += dsig_r.reshape(-1)

        dx = np.zeros((1, self.d))
        dx += np.dot(dtanh, self.Wnx)
        dx += np.dot(dsig_z, self.Wzx)
        dx += np.dot(dsig_r, self.Wrx)
        dh = np.zeros((1, self.h))
        dh += np.multiply(delta, z)
        dh += np.dot(dtanh * r, self.Wnh)
        dh += np.dot(dsig_z, self.Wzh)
        dh += np.dot(dsig_r, self.Wrh)
        assert dx.shape == (1, self.d) and dh.shape == (1, self.h)
        return dx, dh
