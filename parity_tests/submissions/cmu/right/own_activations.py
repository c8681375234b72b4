"""RNNCell and GRUCell in one file, with the activations they need."""
import numpy as np


class Activation:
    def __init__(self):
        self.state = None

    def __call__(self, x):
        return self.forward(x)


class Sigmoid(Activation):
    def forward(self, x):
        self.state = 1 / (1 + np.exp(-x))
        return self.state

    def derivative(self, state=None):
        s = self.state if state is None else state
        return s * (1 - s)


class Tanh(Activation):
    def forward(self, x):
        self.state = np.tanh(x)
        return self.state

    def derivative(self, state=None):
        s = self.state if state is None else state
        return 1 - s ** 2


class RNNCell:
    def __init__(self, input_size, hidden_size):
        self.input_size, self.hidden_size = input_size, hidden_size
        self.activation = Tanh()
        self.init_weights(np.random.randn(hidden_size, input_size), np.random.randn(hidden_size, hidden_size),
                          np.random.randn(hidden_size), np.random.randn(hidden_size))
        self.zero_grad()

    def init_weights(self, W_ih, W_hh, b_ih, b_hh):
        self.W_ih, self.W_hh, self.b_ih, self.b_hh = W_ih, W_hh, b_ih, b_hh

    def zero_grad(self):
        self.dW_ih, self.dW_hh = np.zeros(self.W_ih.shape), np.zeros(self.W_hh.shape)
        self.db_ih, self.db_hh = np.zeros(self.b_ih.shape), np.zeros(self.b_hh.shape)

    def __call__(self, x, h):
        return self.forward(x, h)

    def forward(self, x, h):
        return self.activation(np.dot(x, self.W_ih.T) + self.b_ih + np.dot(h, self.W_hh.T) + self.b_hh)

    def backward(self, delta, h, h_prev_l, h_prev_t):
        dz = delta * self.activation.derivative(state=h)
        m = len(delta)
        self.dW_ih = self.dW_ih + np.dot(dz.T, h_prev_l) / m
        self.dW_hh = self.dW_hh + np.dot(dz.T, h_prev_t) / m
        self.db_ih = self.db_ih + np.mean(dz, axis=0)
        self.db_hh = self.db_hh + np.mean(dz, axis=0)
        return np.dot(dz, self.W_ih), np.dot(dz, self.W_hh)


class GRUCell:
    NAMES = "Wrx Wzx Wnx Wrh Wzh Wnh brx bzx bnx brh bzh bnh".split()

    def __init__(self, in_dim, hidden_dim):
        self.d, self.h = in_dim, hidden_dim
        for name in self.NAMES:
            shape = (hidden_dim,) if name[0] == "b" else (hidden_dim, in_dim if name[-1] == "x" else hidden_dim)
            setattr(self, name, np.random.randn(*shape))
            setattr(self, "d" + name, np.zeros(shape))
        self.r_act, self.z_act, self.h_act = Sigmoid(), Sigmoid(), Tanh()

    def init_weights(self, *weights):
        for name, weight in zip(self.NAMES, weights):
            setattr(self, name, weight)

    def __call__(self, x, h):
        return self.forward(x, h)

    def forward(self, x, h):
        self.x, self.hidden = x, h
        self.r = self.r_act(self.Wrx.dot(x) + self.brx + self.Wrh.dot(h) + self.brh)
        self.z = self.z_act(self.Wzx.dot(x) + self.bzx + self.Wzh.dot(h) + self.bzh)
        self.inner = self.Wnh.dot(h) + self.bnh
        self.n = self.h_act(self.Wnx.dot(x) + self.bnx + self.r * self.inner)
        return (1 - self.z) * self.n + self.z * h

    def backward(self, delta):
        delta = delta.reshape(-1)
        dn = delta * (1 - self.z) * self.h_act.derivative()
        dz = delta * (self.hidden - self.n) * self.z_act.derivative()
        dr = dn * self.inner * self.r_act.derivative()
        for gate, dgx, dgh in (("r", dr, dr), ("z", dz, dz), ("n", dn, dn * self.r)):
            setattr(self, "dW%sx" % gate, np.outer(dgx, self.x))
            setattr(self, "dW%sh" % gate, np.outer(dgh, self.hidden))
            setattr(self, "db%sx" % gate, dgx)
            setattr(self, "db%sh" % gate, dgh)
        dx = self.Wrx.T.dot(dr) + self.Wzx.T.dot(dz) + self.Wnx.T.dot(dn)
        dh = self.Wrh.T.dot(dr) + self.Wzh.T.dot(dz) + self.Wnh.T.dot(dn * self.r) + delta * self.z
        return dx, dh
