"""An Elman cell in the manner of numpy-ml: the state lives in the object."""
import numpy as np
from numpy_ml.neural_nets.initializers import WeightInitializer, OptimizerInitializer


class RNNCell:
    def __init__(self, n_out, act_fn="Tanh", init="glorot_uniform", optimizer=None):
        self.n_in = None
        self.n_out = n_out
        self.init = init
        self.trainable = True
        self.is_initialized = False

    def _init_params(self):
        rng = np.random.RandomState(0)
        self.X = []
        self.parameters = {
            "Waa": rng.uniform(-0.1, 0.1, (self.n_out, self.n_out)),
            "Wax": rng.uniform(-0.1, 0.1, (self.n_in, self.n_out)),
            "ba": np.zeros((self.n_out, 1)),
            "bx": np.zeros((self.n_out, 1)),
        }
        self.gradients = {k: np.zeros_like(v) for k, v in self.parameters.items()}
        self.derived_variables = {"A": [], "Z": [], "current_step": 0, "dLdA_accumulator": None}
        self.is_initialized = True

    def forward(self, Xt):
        if not self.is_initialized:
            self.n_in = Xt.shape[1]
            self._init_params()
        self.derived_variables["current_step"] += 1
        As = self.derived_variables["A"]
        if not As:
            As.append(np.zeros((Xt.shape[0], self.n_out)))
        p = self.parameters
        Zt = As[-1] @ p["Waa"] + p["ba"].T + Xt @ p["Wax"] + p["bx"].T
        At = np.tanh(Zt)
        self.derived_variables["Z"].append(Zt)
        As.append(At)
        self.X.append(Xt)
        return At

    def backward(self, dLdAt):
        assert self.trainable
        self.derived_variables["current_step"] -= 1
        t = self.derived_variables["current_step"]
        As, Zs = self.derived_variables["A"], self.derived_variables["Z"]
        acc = self.derived_variables["dLdA_accumulator"]
        if acc is None:
            acc = np.zeros_like(As[0])
        dZ = (1 - np.tanh(Zs[t]) ** 2) * (dLdAt + acc)
        dXt = dZ @ self.parameters["Wax"].T
        self.gradients["Waa"] += As[t].T @ dZ
        self.gradients["Wax"] += self.X[t].T @ dZ
        self.gradients["ba"] += dZ.sum(axis=0, keepdims=True).T
        self.gradients["bx"] += dZ.sum(axis=0, keepdims=True).T
        self.derived_variables["dLdA_accumulator"] = dZ @ self.parameters["Waa"].T
        return dXt

    def flush_gradients(self):
        for k in self.gradients:
            self.gradients[k] = np.zeros_like(self.gradients[k])
