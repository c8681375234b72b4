# both cells on one base class; what a step needs is one dict on a stack
import numpy as np
from abc import ABC, abstractmethod


def sig(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


class LayerBase(ABC):
    def __init__(self, n_out):
        self.n_out, self.n_in = n_out, None
        self.ready = False

    @abstractmethod
    def shapes(self):
        raise NotImplementedError

    def _init_params(self):
        self.parameters = {k: 0.1 * np.ones(s) for k, s in self.shapes().items()}
        self.gradients = {k: np.zeros(s) for k, s in self.shapes().items()}
        self.stack = []
        self.last = None
        self.back = None
        self.ready = True


class RNNCell(LayerBase):
    def __init__(self, n_out):
        super().__init__(n_out)

    def shapes(self):
        n, k = self.n_in, self.n_out
        return {"Waa": (k, k), "Wax": (n, k), "ba": (k, 1), "bx": (k, 1)}

    def forward(self, Xt):
        if not self.ready:
            self.n_in = Xt.shape[-1]
            self._init_params()
        prev = np.zeros((Xt.shape[0], self.n_out)) if self.last is None else self.last
        P = self.parameters
        self.last = np.tanh(Xt.dot(P["Wax"]) + prev.dot(P["Waa"]) + (P["ba"] + P["bx"]).T)
        self.stack.append(dict(x=Xt, prev=prev, a=self.last))
        return self.last

    def backward(self, dLdAt):
        s = self.stack.pop()
        total = dLdAt if self.back is None else dLdAt + self.back
        dz = total * (1 - s["a"] * s["a"])
        g = self.gradients
        g["Waa"] += s["prev"].T.dot(dz)
        g["Wax"] += s["x"].T.dot(dz)
        for name in ("ba", "bx"):
            g[name] += dz.sum(0)[:, None]
        self.back = dz.dot(self.parameters["Waa"].T)
        return dz.dot(self.parameters["Wax"].T)


class LSTMCell(LayerBase):
    def __init__(self, n_out):
        super().__init__(n_out)

    def shapes(self):
        n = self.n_in + self.n_out
        found = {"W" + g: (n, self.n_out) for g in "fuco"}
        found.update({"b" + g: (1, self.n_out) for g in "fuco"})
        return found

    def forward(self, Xt):
        if not self.ready:
            self.n_in = Xt.shape[-1]
            self._init_params()
        if self.last is None:
            zero = np.zeros((Xt.shape[0], self.n_out))
            self.last = (zero, zero)
        a, c = self.last
        z = np.concatenate((a, Xt), axis=1)
        f, u, o = (sig(z @ self.parameters["W" + g] + self.parameters["b" + g]) for g in "fuo")
        cc = np.tanh(z @ self.parameters["Wc"] + self.parameters["bc"])
        new = f * c + u * cc
        self.stack.append((z, c, new, f, u, cc, o))
        self.last = (o * np.tanh(new), new)
        return self.last

    def backward(self, dLdAt):
        z, c, new, f, u, cc, o = self.stack.pop()
        da, dc = (0, 0) if self.back is None else self.back
        da = da + dLdAt
        th = np.tanh(new)
        dc = dc + da * o * (1 - th ** 2)
        deltas = dict(f=dc * c * f * (1 - f), u=dc * cc * u * (1 - u), c=dc * u * (1 - cc ** 2), o=da * th * o * (1 - o))
        for g in deltas:
            self.gradients["W" + g] += z.T @ deltas[g]
            self.gradients["b" + g] += deltas[g].sum(axis=0)
        dz = sum(deltas[g] @ self.parameters["W" + g].T for g in deltas)
        self.back = dz[:, : self.n_out], dc * f
        return dz[:, self.n_out:]
