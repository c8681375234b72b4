import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


class LSTMCell:
    def __init__(self, n_out, act_fn="Tanh", gate_fn="Sigmoid", init="glorot_uniform", optimizer=None):
        self.n_in = None
        self.n_out = n_out
        self.is_initialized = False

    def _init_params(self):
        rows = self.n_in + self.n_out
        rng = np.random.RandomState(1)
        self.parameters = {}
        for gate in "fuco":
            self.parameters["W" + gate] = rng.randn(rows, self.n_out) / np.sqrt(rows)
            self.parameters["b" + gate] = np.zeros((1, self.n_out))
        self.gradients = {k: np.zeros_like(v) for k, v in self.parameters.items()}
        self.X, self.steps = [], []
        self.A, self.C = [], []
        self.dA_acc = self.dC_acc = 0.0
        self.is_initialized = True

    def forward(self, Xt):
        if not self.is_initialized:
            self.n_in = Xt.shape[1]
            self._init_params()
        if not self.A:
            self.A.append(np.zeros((len(Xt), self.n_out)))
            self.C.append(np.zeros((len(Xt), self.n_out)))
        Zt = np.hstack([self.A[-1], Xt])
        P = self.parameters
        Gft = sigmoid(Zt @ P["Wf"] + P["bf"])
        Gut = sigmoid(Zt @ P["Wu"] + P["bu"])
        Got = sigmoid(Zt @ P["Wo"] + P["bo"])
        Cct = np.tanh(Zt @ P["Wc"] + P["bc"])
        Ct = Gft * self.C[-1] + Gut * Cct
        At = Got * np.tanh(Ct)
        self.steps.append((Zt, Gft, Gut, Got, Cct))
        self.A.append(At)
        self.C.append(Ct)
        return At, Ct

    def backward(self, dLdAt):
        Zt, Gft, Gut, Got, Cct = self.steps.pop()
        Ct, C_prev = self.C.pop(), self.C[-1]
        dA = dLdAt + self.dA_acc
        dC = dA * Got * (1 - np.tanh(Ct) ** 2) + self.dC_acc
        d = {
            "o": dA * np.tanh(Ct) * Got * (1 - Got),
            "c": dC * Gut * (1 - Cct ** 2),
            "u": dC * Cct * Gut * (1 - Gut),
            "f": dC * C_prev * Gft * (1 - Gft),
        }
        dZ = 0
        for gate, dg in d.items():
            self.gradients["W" + gate] += Zt.T @ dg
            self.gradients["b" + gate] += dg.sum(axis=0, keepdims=True)
            dZ = dZ + dg @ self.parameters["W" + gate].T
        self.dA_acc = dZ[:, : self.n_out]
        self.dC_acc = dC * Gft
        return dZ[:, self.n_out :]
