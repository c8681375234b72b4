"""RNN and LSTM layers. Every cache is a dict with readable keys."""
from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Cache = dict[str, Any]


def _sigmoid(z: Array) -> Array:
    return np.where(z >= 0, 1.0 / (1.0 + np.exp(-np.abs(z))), 1.0 - 1.0 / (1.0 + np.exp(-np.abs(z))))


def rnn_step_forward(x: Array, prev_h: Array, Wx: Array, Wh: Array, b: Array) -> tuple[Array, Cache]:
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, {"x": x, "prev_h": prev_h, "Wx": Wx, "Wh": Wh, "next_h": next_h}


def rnn_step_backward(dnext_h: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array]:
    dpre = dnext_h * (1.0 - cache["next_h"] ** 2)
    return (
        dpre @ cache["Wx"].T,
        dpre @ cache["Wh"].T,
        cache["x"].T @ dpre,
        cache["prev_h"].T @ dpre,
        dpre.sum(axis=0),
    )


def rnn_forward(x: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> tuple[Array, Cache]:
    batch, steps, features = x.shape
    hidden = h0.shape[-1]
    h = np.empty((batch, steps, hidden))
    step_caches: dict[int, Cache] = {}
    state = h0
    for t in range(steps):
        state, step_caches[t] = rnn_step_forward(x[:, t], state, Wx, Wh, b)
        h[:, t] = state
    return h, {"steps": step_caches, "shape": (batch, steps, features)}


def rnn_backward(dh: Array, cache: Cache) -> tuple[Array, ...]:
    batch, steps, features = cache["shape"]
    grads: Cache = {"Wx": 0.0, "Wh": 0.0, "b": 0.0}
    dx = np.empty((batch, steps, features))
    carry = np.zeros_like(dh[:, 0])
    for t in sorted(cache["steps"], reverse=True):
        dx[:, t], carry, dWx, dWh, db = rnn_step_backward(dh[:, t] + carry, cache["steps"][t])
        for key, value in (("Wx", dWx), ("Wh", dWh), ("b", db)):
            grads[key] = grads[key] + value
    return dx, carry, grads["Wx"], grads["Wh"], grads["b"]


def lstm_step_forward(
    x: Array, prev_h: Array, prev_c: Array, Wx: Array, Wh: Array, b: Array
) -> tuple[Array, Array, Cache]:
    hidden = prev_h.shape[1]
    pre = x @ Wx + prev_h @ Wh + b
    gates = _sigmoid(pre[:, : 3 * hidden])
    i, f, o = (gates[:, k * hidden : (k + 1) * hidden] for k in range(3))
    g = np.tanh(pre[:, 3 * hidden :])
    next_c = f * prev_c + i * g
    tanh_c = np.tanh(next_c)
    next_h = o * tanh_c
    cache = dict(x=x, prev_h=prev_h, prev_c=prev_c, Wx=Wx, Wh=Wh, i=i, f=f, o=o, g=g, tanh_c=tanh_c)
    return next_h, next_c, cache


def lstm_step_backward(dnext_h: Array, dnext_c: Array, cache: Cache) -> tuple[Array, ...]:
    i, f, o, g, tanh_c = (cache[k] for k in ("i", "f", "o", "g", "tanh_c"))
    dc = dnext_c + dnext_h * o * (1.0 - tanh_c**2)
    dpre = np.concatenate(
        [
            dc * g * i * (1.0 - i),
            dc * cache["prev_c"] * f * (1.0 - f),
            dnext_h * tanh_c * o * (1.0 - o),
            dc * i * (1.0 - g**2),
        ],
        axis=1,
    )
    return (
        dpre @ cache["Wx"].T,
        dpre @ cache["Wh"].T,
        dc * f,
        cache["x"].T @ dpre,
        cache["prev_h"].T @ dpre,
        dpre.sum(axis=0),
    )


def lstm_forward(x: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> tuple[Array, Cache]:
    batch, steps, features = x.shape
    h = np.empty((batch, steps, h0.shape[1]))
    state, cell = h0, np.zeros(h0.shape)
    step_caches: dict[int, Cache] = {}
    for t in range(steps):
        state, cell, step_caches[t] = lstm_step_forward(x[:, t], state, cell, Wx, Wh, b)
        h[:, t] = state
    return h, {"steps": step_caches, "shape": (batch, steps, features)}


def lstm_backward(dh: Array, cache: Cache) -> tuple[Array, ...]:
    batch, steps, features = cache["shape"]
    dx = np.empty((batch, steps, features))
    carry_h = carry_c = np.zeros_like(dh[:, 0])
    totals: list[Any] = [0.0, 0.0, 0.0]
    for t in range(steps - 1, -1, -1):
        dx[:, t], carry_h, carry_c, *some = lstm_step_backward(dh[:, t] + carry_h, carry_c, cache["steps"][t])
        totals = [total + one for total, one in zip(totals, some)]
    return (dx, carry_h, *totals)
