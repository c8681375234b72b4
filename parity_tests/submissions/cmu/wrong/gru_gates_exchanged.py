# wrong: GRUCell.forward: h = z * n + (1 - z) * h, the update gate the other way round (gates-swapped); backward agrees with it
# wrong: RNNCell.backward: tanh' of h_t that is activated already, 1 - tanh(h_t)**2 (derivative-of-activated)
import numpy as np
from nn.activation import *


class RNNCell(object):
    def __init__(self, input_size, hidden_size):
        self.activation = Tanh()
        self.dW_ih, self.dW_hh = np.zeros((hidden_size, input_size)), np.zeros((hidden_size, hidden_size))
        self.db_ih, self.db_hh = np.zeros(hidden_size), np.zeros(hidden_size)

    def init_weights(self, W_ih, W_hh, b_ih, b_hh):
        self.W_ih, self.W_hh, self.b_ih, self.b_hh = W_ih, W_hh, b_ih, b_hh

    def forward(self, x, h_prev_t):
        return self.activation.forward(x @ self.W_ih.T + self.b_ih + h_prev_t @ self.W_hh.T + self.b_hh)

    def backward(self, delta, h_t, h_prev_l, h_prev_t):
        dz = delta * (1 - np.tanh(h_t) ** 2)
        self.dW_ih += dz.T @ h_prev_l / len(delta)
        self.dW_hh += dz.T @ h_prev_t / len(delta)
        self.db_ih += dz.mean(axis=0)
        self.db_hh += dz.mean(axis=0)
        return dz @ self.W_ih, dz @ self.W_hh


class GRUCell(object):
    def __init__(self, input_size, hidden_size):
        self.d, self.h = input_size, hidden_size
        self.r_act, self.z_act, self.h_act = Sigmoid(), Sigmoid(), Tanh()

    def init_weights(self, Wrx, Wzx, Wnx, Wrh, Wzh, Wnh, brx, bzx, bnx, brh, bzh, bnh):
        self.W = {"rx": Wrx, "zx": Wzx, "nx": Wnx, "rh": Wrh, "zh": Wzh, "nh": Wnh}
        self.b = {"rx": brx, "zx": bzx, "nx": bnx, "rh": brh, "zh": bzh, "nh": bnh}

    def forward(self, x, h_prev_t):
        self.x, self.hidden = x, h_prev_t
        a = {k: self.W[k] @ (x if k[1] == "x" else h_prev_t) + self.b[k] for k in self.W}
        self.r = self.r_act.forward(a["rx"] + a["rh"])
        self.z = self.z_act.forward(a["zx"] + a["zh"])
        self.nh = a["nh"]
        self.n = self.h_act.forward(a["nx"] + self.r * a["nh"])
        return self.z * self.n + (1 - self.z) * h_prev_t

    def backward(self, delta):
        d = {}
        d["nx"] = self.h_act.backward(delta * self.z)
        d["nh"] = d["nx"] * self.r
        d["zx"] = d["zh"] = self.z_act.backward(delta * (self.n - self.hidden))
        d["rx"] = d["rh"] = self.r_act.backward(d["nx"] * self.nh)
        for k, v in d.items():
            setattr(self, "dW" + k, np.outer(v, self.x if k[1] == "x" else self.hidden))
            setattr(self, "db" + k, v)
        dx = sum(d[k] @ self.W[k] for k in ("rx", "zx", "nx"))
        dh = delta * (1 - self.z) + sum(d[k] @ self.W[k] for k in ("rh", "zh", "nh"))
        return dx, dh
