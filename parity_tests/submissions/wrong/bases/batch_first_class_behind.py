import numpy as np


class Unit:
    """All of one step's numbers as attributes."""

    def __init__(self, parameters):
        self.W_f, self.b_f, self.W_u, self.b_u, self.W_m, self.b_m, self.W_o, self.b_o, self.W_y, self.b_y = parameters

    @staticmethod
    def squash(z):
        return 1 / (1 + np.exp(-z))

    def gates(self, a, x):
        self.v = np.append(a, x, axis=1)
        self.f = self.squash(self.v @ self.W_f + self.b_f)
        self.u = self.squash(self.v @ self.W_u + self.b_u)
        self.m = np.tanh(self.v @ self.W_m + self.b_m)
        self.o = self.squash(self.v @ self.W_o + self.b_o)

    def move(self, memory):
        self.before = memory
        self.memory = self.f * memory + self.u * self.m
        self.a = self.o * np.tanh(self.memory)

    def read(self):
        e = np.exp(self.a @ self.W_y + self.b_y)
        return e / e.sum(axis=1, keepdims=True)


def lstm_cell_forward(x_t, a_prev, m_prev, parameters):
    unit = Unit(parameters)
    unit.gates(a_prev, x_t)
    unit.move(m_prev)
    return unit.a, unit.memory, unit.read()


def lstm_forward(x, a_init, parameters):
    units = []
    a, memory = a_init, a_init * 0
    for t in range(x.shape[1]):
        units.append(Unit(parameters))
        units[t].gates(a, x[:, t])
        units[t].move(memory)
        a, memory = units[t].a, units[t].memory
    pick = lambda fn: np.swapaxes([fn(u) for u in units], 0, 1)
    return pick(lambda u: u.a), pick(lambda u: u.memory), pick(Unit.read)
