import numpy as np
from mytorch.nn.activation import *

# forward written as z0 ... z16, backward in the opposite order, one line each


class GRUCell(object):
    def __init__(self, input_size, hidden_size):
        self.d = input_size
        self.h = hidden_size
        self.init_weights(*(np.random.randn(self.h, self.d) for _ in range(3)), *(np.random.randn(self.h, self.h) for _ in range(3)),
                          *(np.random.randn(self.h) for _ in range(6)))
        self.r_act = Sigmoid()
        self.z_act = Sigmoid()
        self.h_act = Tanh()

    def init_weights(self, Wrx, Wzx, Wnx, Wrh, Wzh, Wnh, brx, bzx, bnx, brh, bzh, bnh):
        self.Wrx, self.Wzx, self.Wnx, self.Wrh, self.Wzh, self.Wnh = Wrx, Wzx, Wnx, Wrh, Wzh, Wnh
        self.brx, self.bzx, self.bnx, self.brh, self.bzh, self.bnh = brx, bzx, bnx, brh, bzh, bnh

    def __call__(self, x, h_prev_t):
        return self.forward(x, h_prev_t)

    def forward(self, x, h_prev_t):
        self.x = x
        self.hidden = h_prev_t
        z0 = self.Wrx @ x + self.brx
        z1 = self.Wrh @ h_prev_t + self.brh
        self.r = self.r_act.forward(z0 + z1)
        z2 = self.Wzx @ x + self.bzx
        z3 = self.Wzh @ h_prev_t + self.bzh
        self.z = self.z_act.forward(z2 + z3)
        z4 = self.Wnx @ x + self.bnx
        self.z5 = self.Wnh @ h_prev_t + self.bnh
        z6 = self.r * self.z5
        self.n = self.h_act.forward(z4 + z6)
        z7 = 1 - self.z
        z8 = z7 * self.n
        z9 = self.z * h_prev_t
        return z8 + z9

    def backward(self, delta):
        x, h, r, z, n = self.x, self.hidden, self.r, self.z, self.n
        # h_t = z8 + z9
        dz8 = delta
        dz9 = delta
        # z9 = z * h
        dz = dz9 * h
        dh = dz9 * z
        # z8 = z7 * n
        dz7 = dz8 * n
        dn = dz8 * (1 - z)
        # z7 = 1 - z
        dz = dz - dz7
        # n = tanh(z4 + z6)
        dz4 = dn * (1 - n ** 2)
        dz6 = dz4
        # z6 = r * z5
        dr = dz6 * self.z5
        dz5 = dz6 * r
        # z5 = Wnh h + bnh
        self.dWnh = np.outer(dz5, h)
        self.dbnh = dz5
        dh = dh + self.Wnh.T @ dz5
        # z4 = Wnx x + bnx
        self.dWnx = np.outer(dz4, x)
        self.dbnx = dz4
        dx = self.Wnx.T @ dz4
        # z = sigmoid(z2 + z3)
        dz2 = dz * z * (1 - z)
        dz3 = dz2
        self.dWzh, self.dbzh = np.outer(dz3, h), dz3
        dh = dh + self.Wzh.T @ dz3
        self.dWzx, self.dbzx = np.outer(dz2, x), dz2
        dx = dx + self.Wzx.T @ dz2
        # r = sigmoid(z0 + z1)
        dz0 = dr * r * (1 - r)
        dz1 = dz0
        self.dWrh, self.dbrh = np.outer(dz1, h), dz1
        dh = dh + self.Wrh.T @ dz1
        self.dWrx, self.dbrx = np.outer(dz0, x), dz0
        dx = dx + self.Wrx.T @ dz0
        return dx, dh
