"""Typed, with a dataclass of its own, keyword arguments and helper functions."""
from __future__ import annotations

from typing import Dict, List, NamedTuple, Tuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
EPSILON: float = 0.0


class Step(NamedTuple):
    a_next: Array
    a_prev: Array
    xt: Array
    parameters: Dict[str, Array]


def affine(weights: Array, inputs: Array, bias: Array | None = None) -> Array:
    product = weights @ inputs
    return product if bias is None else product + bias


def softmax(scores: Array, axis: int = 0) -> Array:
    shifted = np.exp(scores - np.max(scores, axis=axis, keepdims=True))
    return shifted / (np.sum(shifted, axis=axis, keepdims=True) + EPSILON)


def rnn_cell_forward(
    xt: Array, a_prev: Array, parameters: Dict[str, Array]
) -> Tuple[Array, Array, Step]:
    a_next: Array = np.tanh(
        affine(parameters["Wax"], xt, parameters["ba"]) + affine(parameters["Waa"], a_prev)
    )
    yt_pred: Array = softmax(affine(parameters["Wya"], a_next, parameters["by"]))
    return a_next, yt_pred, Step(a_next=a_next, a_prev=a_prev, xt=xt, parameters=parameters)


def rnn_forward(
    x: Array, a0: Array, parameters: Dict[str, Array]
) -> Tuple[Array, Array, Tuple[List[Step], Array]]:
    steps: List[Step] = []
    outputs: List[Array] = []
    state = a0
    for xt in np.moveaxis(x, 2, 0):
        state, yt, step = rnn_cell_forward(xt, state, parameters)
        steps.append(step)
        outputs.append(yt)
    a = np.moveaxis(np.array([step.a_next for step in steps]), 0, 2)
    return a, np.moveaxis(np.array(outputs), 0, 2), (steps, x)


def rnn_cell_backward(da_next: Array, cache: Tuple[Array, Array, Array, Dict[str, Array]]) -> Dict[str, Array]:
    a_next, a_prev, xt, parameters = cache
    dz = (1.0 - a_next * a_next) * da_next
    return {
        "dxt": affine(parameters["Wax"].T, dz),
        "da_prev": affine(parameters["Waa"].T, dz),
        "dWax": affine(dz, xt.T),
        "dWaa": affine(dz, a_prev.T),
        "dba": dz.sum(axis=1, keepdims=True),
    }
