from __future__ import annotations

import typing
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Step:
    a: np.ndarray
    before: np.ndarray
    x: np.ndarray
    weights: dict
    size: typing.ClassVar = 4


@dataclass
class Sums:
    weights: Weights
    total: dict = field(default_factory=dict)

    def add(self, gradients):
        for name, value in gradients.items():
            self.total[name] = self.total.get(name, 0) + value


Weights = dict


def rnn_cell_forward(xt, a_prev, parameters):
    a = np.tanh(parameters["Wax"] @ xt + parameters["Waa"] @ a_prev + parameters["ba"])
    z = parameters["Wya"] @ a + parameters["by"]
    odds = np.exp(z - z.max(axis=0))
    return a, odds / odds.sum(axis=0), Step(a, a_prev, xt, parameters)


def rnn_forward(x, a0, parameters):
    a, y, caches = a0, [], []
    for t in range(x.shape[2]):
        a, yt, cache = rnn_cell_forward(x[:, :, t], a, parameters)
        y.append(yt)
        caches.append(cache)
    return np.dstack([cache.a for cache in caches]), np.dstack(y), caches


def rnn_cell_backward(da_next, cache):
    dz = da_next * (1 - cache.a**2)
    return {
        "dxt": cache.weights["Wax"].T @ dz,
        "da_prev": cache.weights["Waa"].T @ dz,
        "dWax": dz @ cache.x.T,
        "dWaa": dz @ cache.before.T,
        "dba": dz.sum(axis=1, keepdims=True),
    }


def rnn_backward(da, caches):
    sums, dx, carried = Sums(caches[0].weights), [], 0
    for t in reversed(range(da.shape[2])):
        gradients = rnn_cell_backward(da[:, :, t] + carried, caches[t])
        carried = gradients.pop("da_prev")
        dx.insert(0, gradients.pop("dxt"))
        sums.add(gradients)
    return {"dx": np.dstack(dx), "da0": carried, **sums.total}
