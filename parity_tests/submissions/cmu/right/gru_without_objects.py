import numpy as np
# the activations are one line each, no need for the classes


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class GRUCell:
    def __init__(self, d, h):
        self.d, self.h = d, h
        rng = np.random.RandomState(0)
        for g in 'rzn':
            setattr(self, 'W%sx' % g, rng.randn(h, d))
            setattr(self, 'W%sh' % g, rng.randn(h, h))
            setattr(self, 'b%sx' % g, rng.randn(h))
            setattr(self, 'b%sh' % g, rng.randn(h))

    def init_weights(self, Wrx, Wzx, Wnx, Wrh, Wzh, Wnh, brx, bzx, bnx, brh, bzh, bnh):
        self.Wrx, self.Wzx, self.Wnx = Wrx, Wzx, Wnx
        self.Wrh, self.Wzh, self.Wnh = Wrh, Wzh, Wnh
        self.brx, self.bzx, self.bnx = brx, bzx, bnx
        self.brh, self.bzh, self.bnh = brh, bzh, bnh

    __call__ = lambda self, x, h: self.forward(x, h)

    def forward(self, x, h):
        rz = np.vstack((self.Wrx, self.Wzx)) @ x + np.vstack((self.Wrh, self.Wzh)) @ h
        rz += np.concatenate((self.brx + self.brh, self.bzx + self.bzh))
        r, z = np.split(sigmoid(rz), 2)
        hh = self.Wnh @ h + self.bnh
        n = np.tanh(self.Wnx @ x + self.bnx + r * hh)
        self.cache = x, h, r, z, n, hh
        return n + z * (h - n)

    def backward(self, delta):
        x, h, r, z, n, hh = self.cache
        dn = delta * (1 - z) * (1 - n * n)
        dz = delta * (h - n) * z * (1 - z)
        dr = dn * hh * r * (1 - r)
        dnh = dn * r
        self.dWrx, self.dWzx, self.dWnx = (np.einsum('i,j->ij', g, x) for g in (dr, dz, dn))
        self.dWrh, self.dWzh, self.dWnh = (np.einsum('i,j->ij', g, h) for g in (dr, dz, dnh))
        self.dbrx, self.dbzx, self.dbnx = dr, dz, dn
        self.dbrh, self.dbzh, self.dbnh = dr.copy(), dz.copy(), dnh
        dx = np.concatenate((dr, dz, dn)) @ np.vstack((self.Wrx, self.Wzx, self.Wnx))
        dh = np.concatenate((dr, dz, dnh)) @ np.vstack((self.Wrh, self.Wzh, self.Wnh)) + delta * z
        return dx, dh
