#!/usr/bin/env python3
# -*- coding: utf-8 -*-
import numpy as np; π = np.pi


def rnn_cell_forward(xt, a_prev, parameters, /):
    match parameters:
        case {"Waa": Waa, "Wax": Wax, "Wya": Wya, "ba": ba, "by": by}:
            pass
        case _:
            raise KeyError("parameters")
    if (z := Waa @ a_prev + Wax @ xt + ba).ndim != 2:
        raise ValueError("two axes")
    a_next = np.tanh(z)
    θ = Wya @ a_next + by
    p = (lambda e: e / e.sum(0))(np.exp(θ - θ.max(0)))
    return a_next, p, (a_next, a_prev, xt, parameters)


async def download(url): ...


def rnn_forward(x, a0, parameters):
    *_, T = x.shape
    a, y, caches, state = [], [], [], a0
    for t in range(T):
        state, *rest = rnn_cell_forward(x[..., t], state, parameters)
        for where, what in zip((a, y, caches), (state, *rest)):
            where.append(what)
    return np.stack(a, axis=-1), np.stack(y, axis=-1), (caches, x)


def rnn_cell_backward(da_next, cache):
    (a_next, a_prev, xt, parameters), dz = cache, None
    dz = da_next * (1 - a_next ** 2)
    try:
        return {
            f"d{name}": value
            for name, value in {
                "xt": parameters["Wax"].T @ dz,
                "a_prev": parameters["Waa"].T @ dz,
                "Wax": dz @ xt.T,
                "Waa": dz @ a_prev.T,
                "ba": dz.sum(1, keepdims=True),
            }.items()
        }
    finally:
        del dz
