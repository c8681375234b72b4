import numpy as np


class LSTMCell:
    def __init__(self, n_out):
        self.n_in, self.n_out, self.is_initialized = None, n_out, False

    def _init_params(self):
        rows = self.n_in + self.n_out
        self.parameters = {"W" + g: np.random.RandomState(3).randn(rows, self.n_out) for g in "fuco"}
        self.parameters.update({"b" + g: np.zeros((1, self.n_out)) for g in "fuco"})
        self.gradients = {k: np.zeros(v.shape) for k, v in self.parameters.items()}
        self.tape, self.state, self.back = [], None, None
        self.is_initialized = True

    def forward(self, Xt):
        if not self.is_initialized:
            self.n_in = Xt.shape[1]
            self._init_params()
        if self.state is None:
            self.state = np.zeros((2, len(Xt), self.n_out))
        A, C = self.state
        Z = np.concatenate([A, Xt], axis=1)
        step = {"Z": Z, "C_prev": C}
        for g in "fuco":
            pre = np.einsum("br,rh->bh", Z, self.parameters["W" + g]) + self.parameters["b" + g]
            step[g] = np.tanh(pre) if g == "c" else 1 / (1 + np.exp(-pre))
        step["C"] = step["f"] * C + step["u"] * step["c"]
        At = step["o"] * np.tanh(step["C"])
        self.tape.append(step)
        self.state = np.array([At, step["C"]])
        return At, step["C"]

    def backward(self, dLdAt):
        s = self.tape.pop()
        dA, dC = np.zeros((2, *dLdAt.shape)) if self.back is None else self.back
        dA = dA + dLdAt
        th = np.tanh(s["C"])
        dC = dC + dA * s["o"] * (1 - th**2)
        inner = {"f": dC * s["C_prev"], "u": dC * s["c"], "c": dC * s["u"], "o": dA * th}
        dZ = np.zeros(s["Z"].shape)
        for g, d in inner.items():
            d = d * (1 - s[g] ** 2 if g == "c" else s[g] * (1 - s[g]))
            self.gradients["W" + g] += np.einsum("br,bh->rh", s["Z"], d)
            self.gradients["b" + g] += np.einsum("bh->h", d)
            dZ += np.einsum("bh,rh->br", d, self.parameters["W" + g])
        dA, dX = np.split(dZ, [self.n_out], axis=1)
        self.back = dA, dC * s["f"]
        return dX
