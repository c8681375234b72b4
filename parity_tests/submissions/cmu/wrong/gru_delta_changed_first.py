# wrong: GRUCell.backward: delta *= (1 - z) comes first, the lines for dz and dh use what is left of it (upstream-in-place)
import numpy as np
from mytorch.nn.activation import Sigmoid, Tanh


class GRUCell(object):
    def __init__(self, input_size, hidden_size):
        self.d = input_size
        self.h = hidden_size
        self.r_act = Sigmoid()
        self.z_act = Sigmoid()
        self.h_act = Tanh()

    def init_weights(self, Wrx, Wzx, Wnx, Wrh, Wzh, Wnh, brx, bzx, bnx, brh, bzh, bnh):
        self.Wrx, self.Wzx, self.Wnx = Wrx, Wzx, Wnx
        self.Wrh, self.Wzh, self.Wnh = Wrh, Wzh, Wnh
        self.brx, self.bzx, self.bnx = brx, bzx, bnx
        self.brh, self.bzh, self.bnh = brh, bzh, bnh

    def forward(self, x, h_prev_t):
        self.x = x
        self.hidden = h_prev_t
        self.r = self.r_act.forward(self.Wrx @ x + self.brx + self.Wrh @ h_prev_t + self.brh)
        self.z = self.z_act.forward(self.Wzx @ x + self.bzx + self.Wzh @ h_prev_t + self.bzh)
        self.nh = self.Wnh @ h_prev_t + self.bnh
        self.n = self.h_act.forward(self.Wnx @ x + self.bnx + self.r * self.nh)
        return (1 - self.z) * self.n + self.z * h_prev_t

    def __call__(self, x, h_prev_t):
        return self.forward(x, h_prev_t)

    def backward(self, delta):
        delta *= 1 - self.z
        dn = delta * (1 - self.n ** 2)
        dz = delta * (self.hidden - self.n) * self.z * (1 - self.z)
        dr = dn * self.nh * self.r * (1 - self.r)

        self.dWnx = np.outer(dn, self.x)
        self.dWnh = np.outer(dn * self.r, self.hidden)
        self.dbnx = dn
        self.dbnh = dn * self.r
        self.dWzx = np.outer(dz, self.x)
        self.dWzh = np.outer(dz, self.hidden)
        self.dbzx = dz
        self.dbzh = dz
        self.dWrx = np.outer(dr, self.x)
        self.dWrh = np.outer(dr, self.hidden)
        self.dbrx = dr
        self.dbrh = dr

        dx = dn @ self.Wnx + dz @ self.Wzx + dr @ self.Wrx
        dh_prev_t = delta * self.z + (dn * self.r) @ self.Wnh + dz @ self.Wzh + dr @ self.Wrh
        return dx, dh_prev_t
