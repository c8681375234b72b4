# wrong: GRUCell.backward: one Sigmoid object serves both gates, so r's derivative is taken with z's state (wrong-variable)
import numpy as np
from mytorch.nn.activation import *


class GRUCell(object):
    def __init__(self, input_size, hidden_size):
        self.d, self.h = input_size, hidden_size
        self.sig = Sigmoid()
        self.r_act = self.sig
        self.z_act = self.sig
        self.h_act = Tanh()

    def init_weights(self, Wrx, Wzx, Wnx, Wrh, Wzh, Wnh, brx, bzx, bnx, brh, bzh, bnh):
        self.Wrx, self.Wzx, self.Wnx = Wrx, Wzx, Wnx
        self.Wrh, self.Wzh, self.Wnh = Wrh, Wzh, Wnh
        self.brx, self.bzx, self.bnx = brx, bzx, bnx
        self.brh, self.bzh, self.bnh = brh, bzh, bnh

    def __call__(self, x, h_prev_t):
        return self.forward(x, h_prev_t)

    def forward(self, x, h_prev_t):
        self.x, self.hidden = x, h_prev_t
        self.r = self.r_act.forward(self.Wrx @ x + self.brx + self.Wrh @ h_prev_t + self.brh)
        self.z = self.z_act.forward(self.Wzx @ x + self.bzx + self.Wzh @ h_prev_t + self.bzh)
        self.n = self.h_act.forward(self.Wnx @ x + self.bnx + self.r * (self.Wnh @ h_prev_t + self.bnh))
        return (1 - self.z) * self.n + self.z * h_prev_t

    def backward(self, delta):
        dn = self.h_act.backward(delta * (1 - self.z))
        dz = self.z_act.backward(delta * (self.hidden - self.n))
        dr = self.r_act.backward(dn * (self.Wnh @ self.hidden + self.bnh))
        self.dWrx, self.dWzx, self.dWnx = np.outer(dr, self.x), np.outer(dz, self.x), np.outer(dn, self.x)
        self.dWrh, self.dWzh, self.dWnh = np.outer(dr, self.hidden), np.outer(dz, self.hidden), np.outer(dn * self.r, self.hidden)
        self.dbrx, self.dbzx, self.dbnx = dr, dz, dn
        self.dbrh, self.dbzh, self.dbnh = dr, dz, dn * self.r
        dx = dr @ self.Wrx + dz @ self.Wzx + dn @ self.Wnx
        dh = dr @ self.Wrh + dz @ self.Wzh + (dn * self.r) @ self.Wnh + delta * self.z
        return dx, dh
