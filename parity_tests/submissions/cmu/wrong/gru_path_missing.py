# wrong: GRUCell.backward: dh_prev_t lacks the direct path delta * z and the one through the reset gate (one-path-not-carried)
import numpy as np
from nn.activation import *


class GRUCell(object):
    """GRU Cell class."""

    def __init__(self, input_size, hidden_size):
        self.d = input_size
        self.h = hidden_size
        h, d = self.h, self.d
        for g in ("r", "z", "n"):
            setattr(self, f"W{g}x", np.random.randn(h, d))
            setattr(self, f"W{g}h", np.random.randn(h, h))
            setattr(self, f"b{g}x", np.random.randn(h))
            setattr(self, f"b{g}h", np.random.randn(h))
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

    def __call__(self, x, h_prev_t):
        return self.forward(x, h_prev_t)

    def forward(self, x, h_prev_t):
        self.x = x
        self.hidden = h_prev_t
        self.r = self.r_act.forward(np.dot(self.Wrx, x) + self.brx + np.dot(self.Wrh, h_prev_t) + self.brh)
        self.z = self.z_act.forward(np.dot(self.Wzx, x) + self.bzx + np.dot(self.Wzh, h_prev_t) + self.bzh)
        self.n_h = np.dot(self.Wnh, h_prev_t) + self.bnh
        self.n = self.h_act.forward(np.dot(self.Wnx, x) + self.bnx + self.r * self.n_h)
        h_t = (1 - self.z) * self.n + self.z * h_prev_t
        return h_t

    def backward(self, delta):
        delta = delta.reshape(1, -1)
        x = self.x.reshape(1, -1)
        h = self.hidden.reshape(1, -1)
        dn = delta * (1 - self.z) * (1 - self.n ** 2)
        dz = delta * (h - self.n) * self.z * (1 - self.z)
        dr = dn * self.n_h * self.r * (1 - self.r)
        self.dWnx, self.dWzx, self.dWrx = dn.T @ x, dz.T @ x, dr.T @ x
        self.dWnh, self.dWzh, self.dWrh = (dn * self.r).T @ h, dz.T @ h, dr.T @ h
        self.dbnx, self.dbzx, self.dbrx = dn[0], dz[0], dr[0]
        self.dbnh, self.dbzh, self.dbrh = (dn * self.r)[0], dz[0], dr[0]
        dx = dn @ self.Wnx + dz @ self.Wzx + dr @ self.Wrx
        dh_prev_t = (dn * self.r) @ self.Wnh + dz @ self.Wzh
        return dx, dh_prev_t
