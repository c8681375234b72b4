import numpy as np
from nn.activation import *


class GRUCell(object):
    """GRU Cell class."""

    def __init__(self, input_size, hidden_size):
        self.d = input_size
        self.h = hidden_size
        h = self.h
        d = self.d
        self.x_t = 0

        self.Wrx = np.random.randn(h, d)
        self.Wzx = np.random.randn(h, d)
        self.Wnx = np.random.randn(h, d)

        self.Wrh = np.random.randn(h, h)
        self.Wzh = np.random.randn(h, h)
        self.Wnh = np.random.randn(h, h)

        self.brx = np.random.randn(h)
        self.bzx = np.random.randn(h)
        self.bnx = np.random.randn(h)

        self.brh = np.random.randn(h)
        self.bzh = np.random.randn(h)
        self.bnh = np.random.randn(h)

        self.dWrx = np.zeros((h, d))
        self.dWzx = np.zeros((h, d))
        self.dWnx = np.zeros((h, d))

        self.dWrh = np.zeros((h, h))
        self.dWzh = np.zeros((h, h))
        self.dWnh = np.zeros((h, h))

        self.dbrx = np.zeros((h))
        self.dbzx = np.zeros((h))
        self.dbnx = np.zeros((h))

        self.dbrh = np.zeros((h))
        self.dbzh = np.zeros((h))
        self.dbnh = np.zeros((h))

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

        self.r = self.r_act.forward(self.Wrx @ x + self.brx + self.Wrh @ h_prev_t + self.brh)
        self.z = self.z_act.forward(self.Wzx @ x + self.bzx + self.Wzh @ h_prev_t + self.bzh)
        self.n_state = self.Wnh @ h_prev_t + self.bnh
        self.n = self.h_act.forward(self.Wnx @ x + self.bnx + self.r * self.n_state)
        h_t = (1 - self.z) * self.n + self.z * h_prev_t

        assert self.x.shape == (self.d,)
        assert self.hidden.shape == (self.h,)
        assert self.r.shape == (self.h,)
        assert self.z.shape == (self.h,)
        assert self.n.shape == (self.h,)
        assert h_t.shape == (self.h,)  # h_t is the final output of you GRU cell.
        return h_t

    def backward(self, delta):
        # 1) last equation
        dz = delta * (self.hidden - self.n)
        dn = delta * (1 - self.z)
        dh_prev_t = delta * self.z

        # 2) n
        dn_ = self.h_act.backward(dn)
        self.dWnx = np.outer(dn_, self.x)
        self.dbnx = dn_
        dr = dn_ * self.n_state
        self.dWnh = np.outer(dn_ * self.r, self.hidden)
        self.dbnh = dn_ * self.r
        dx = dn_ @ self.Wnx
        dh_prev_t += (dn_ * self.r) @ self.Wnh

        # 3) z
        dz_ = self.z_act.backward(dz)
        self.dWzx = np.outer(dz_, self.x)
        self.dbzx = dz_
        self.dWzh = np.outer(dz_, self.hidden)
        self.dbzh = dz_
        dx += dz_ @ self.Wzx
        dh_prev_t += dz_ @ self.Wzh

        # 4) r
        dr_ = self.r_act.backward(dr)
        self.dWrx = np.outer(dr_, self.x)
        self.dbrx = dr_
        self.dWrh = np.outer(dr_, self.hidden)
        self.dbrh = dr_
        dx += dr_ @ self.Wrx
        dh_prev_t += dr_ @ self.Wrh

        assert dx.shape == (self.d,)
        assert dh_prev_t.shape == (self.h,)
        return dx, dh_prev_t
