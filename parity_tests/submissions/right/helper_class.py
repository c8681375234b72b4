import dataclasses

import numpy as np


@dataclasses.dataclass
class Gates:
    f: np.ndarray
    i: np.ndarray
    c: np.ndarray
    o: np.ndarray

    def items(self):
        return [(k, getattr(self, k)) for k in "fico"]


class Accumulator:
    """Sums arrays by name."""

    def __init__(self):
        self.totals = {}

    def add(self, name, value):
        if name in self.totals:
            self.totals[name] += value
        else:
            self.totals[name] = value.copy()


class Activations:
    @staticmethod
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    @staticmethod
    def softmax(z):
        e = np.exp(z - z.max(axis=0))
        return e / e.sum(axis=0)


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    joined = np.concatenate((a_prev, xt))
    z = {k: parameters["W" + k] @ joined + parameters["b" + k] for k in "fico"}
    g = Gates(Activations.sigmoid(z["f"]), Activations.sigmoid(z["i"]), np.tanh(z["c"]), Activations.sigmoid(z["o"]))
    c_next = g.f * c_prev + g.i * g.c
    a_next = g.o * np.tanh(c_next)
    y = Activations.softmax(parameters["Wy"] @ a_next + parameters["by"])
    return a_next, c_next, y, (a_next, c_next, a_prev, c_prev, g.f, g.i, g.c, g.o, xt, parameters)


def lstm_backward(da, caches):
    steps, x = caches
    n_a, m, T = da.shape
    sums = Accumulator()
    dx = np.zeros((len(x), m, T))
    dh, dc = np.zeros((n_a, m)), np.zeros((n_a, m))
    for t in reversed(range(T)):
        a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, p = steps[t]
        dh = dh + da[:, :, t]
        dc = dc + dh * ot * (1 - np.tanh(c_next) ** 2)
        d = Gates(dc * c_prev * ft * (1 - ft), dc * cct * it * (1 - it), dc * it * (1 - cct ** 2),
                  dh * np.tanh(c_next) * ot * (1 - ot))
        joined = np.concatenate((a_prev, xt))
        back = np.zeros_like(joined)
        for k, delta in d.items():
            sums.add("dW" + k, delta @ joined.T)
            sums.add("db" + k, delta.sum(axis=1, keepdims=True))
            back += p["W" + k].T @ delta
        dh, dx[:, :, t], dc = back[:n_a], back[n_a:], dc * ft
    return {"dx": dx, "da0": dh, **sums.totals}
