"""Random calls of every public face: each answer is right, or an error that names its argument.

A call starts from valid arguments; in three of four one of them is replaced by something else: of
another kind, size or dtype, infinite, masked, ragged. What comes back is held to `verdict`.
By hand, with a table by face::

    python -m parity_tests.fuzz --calls 20000
"""

import argparse
import collections
import dataclasses
import inspect
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from handrnn import course, initializers, layouts, losses, nn, optim
from handrnn.lab import run
from scripts import readme

ERRORS = (TypeError, ValueError, IndexError, RuntimeError)  # the last where torch has it too
SCALARS = (
    *(None, True, -1, 0, 1, 2.5, -0.5, float("nan"), float("inf"), 10**30, 1j, "text", b"bytes"),
    *([], (), {}, [1, 2], [[1, 2], [3]], {"a": 1}, object, np.float32(0.5), np.int64(2)),
    np.datetime64("2024-01-01"),
)
CHANGES: dict[str, Callable[[np.ndarray], Any]] = {
    "list": lambda a: a.tolist(),
    "float16": lambda a: a.astype(np.float16),
    "complex": lambda a: a.astype(complex),
    "integers": lambda a: np.zeros(a.shape, int),
    "text": lambda a: np.full(a.shape, "x"),
    "objects": lambda a: a.astype(object),
    "dates": lambda a: np.full(a.shape, np.datetime64("2024-01-01")),
    "masked": lambda a: np.ma.masked_array(a, np.ones(a.shape, bool)),
    "infinite": lambda a: np.full(a.shape, np.inf, a.dtype),
    "undefined": lambda a: np.full(a.shape, np.nan, a.dtype),
    "huge": lambda a: np.full(a.shape, np.finfo(a.dtype).max),
    "more axes": lambda a: a[None],
    "fewer axes": lambda a: a.ravel(),
    "longer": lambda a: np.concatenate([a, a]),
    "empty": lambda a: a[:0],
    "read-only": lambda a: _read_only(a),
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
}
HARMLESS = ("read-only", "strided")  # the answer is that of the array as it was


def _read_only(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.setflags(write=False)
    return array


# The faces: each draws a function and valid arguments by name ----------------------------------


def recurrent(rng: np.random.Generator) -> tuple[Callable, dict[str, Any]]:
    """A network along a sequence, there and back."""
    kind = (nn.RNN, nn.LSTM, nn.GRU)[rng.integers(3)]
    module = kind(
        3, 2, bidirectional=bool(rng.integers(2)), dtype=np.float64, rng=int(rng.integers(9))
    )
    x = rng.standard_normal((4, 2, 3))
    if rng.integers(2):
        return module, {"x": x, "state": None, "lengths": np.array([4, 2])}
    output, _ = module(x)
    return module.backward, {"d_output": rng.standard_normal(output.shape), "d_state": None}


def constructor(rng: np.random.Generator) -> tuple[Callable, dict[str, Any]]:
    """A module."""
    kinds = (nn.RNN, nn.LSTM, nn.GRU, nn.RNNCell, nn.LSTMCell, nn.GRUCell, nn.Linear)
    kind = kinds[rng.integers(len(kinds))]
    names = [n for n in inspect.signature(kind).parameters if n != "proj_size"]
    arguments = {
        name: p.default for name, p in inspect.signature(kind).parameters.items() if name in names
    }
    return kind, arguments | dict(zip(names[:2], (3, 2), strict=True)) | {"rng": 0}


def cell(rng: np.random.Generator) -> tuple[Callable, dict[str, Any]]:
    """One step, there and back."""
    kind = (nn.RNNCell, nn.LSTMCell, nn.GRUCell)[rng.integers(3)]
    module = kind(3, 2, dtype=np.float64, rng=0)
    state = rng.standard_normal((4, 2))
    pair = (state, state) if kind is nn.LSTMCell else state
    if rng.integers(2):
        return module, {"x": rng.standard_normal((4, 3)), "state": pair}
    module(rng.standard_normal((4, 3)))
    return module.backward, {"d_state": pair}


def linear(rng: np.random.Generator) -> tuple[Callable, dict[str, Any]]:
    """A linear layer, there and back."""
    module = nn.Linear(3, 2, dtype=np.float64, rng=0)
    x = rng.standard_normal((4, 3))
    if rng.integers(2):
        return module, {"x": x}
    module(x)
    return module.backward, {"d_output": rng.standard_normal((4, 2))}


def state_dict(rng: np.random.Generator) -> tuple[Callable, dict[str, Any]]:
    """Weights into a module, or an optimizer's state into another."""
    module = nn.GRU(3, 2, rng=0)
    if rng.integers(2):
        return module.load_state_dict, {"mapping": module.state_dict(), "strict": True}
    adam = optim.Adam(module)
    adam.step()
    return adam.load_state_dict, {"state_dict": adam.state_dict()}


def loss(rng: np.random.Generator) -> tuple[Callable, dict[str, Any]]:
    """A loss with its gradient, or a softmax."""
    logits, targets = rng.standard_normal((4, 3)), rng.integers(3, size=4)
    which = rng.integers(4)
    if which == 0:
        other = rng.standard_normal((4, 3))
        return losses.mse, {"prediction": logits, "target": other, "reduction": "mean"}
    if which == 1:
        options = {"reduction": "mean", "ignore_index": -100}
        return losses.cross_entropy, {"logits": logits, "targets": targets, **options}
    return (losses.softmax, losses.log_softmax)[which - 2], {"logits": logits, "axis": -1}


def rule(rng: np.random.Generator) -> tuple[Callable, dict[str, Any]]:
    """One update of an optimizer's rule."""
    function = (optim.sgd, optim.rmsprop, optim.adam, optim.adamw)[rng.integers(4)]
    options = {n: p.default for n, p in inspect.signature(function).parameters.items() if n != "lr"}
    arrays = {name: rng.standard_normal((3, 2)) for name in ("weights", "gradient")}
    return function, options | arrays | {"state": None, "lr": 0.1}


def optimizer(rng: np.random.Generator) -> tuple[Callable, dict[str, Any]]:
    """An optimizer of a module."""
    kind = (optim.SGD, optim.RMSprop, optim.Adam, optim.AdamW)[rng.integers(4)]
    parameters = inspect.signature(kind).parameters
    return _of_module(kind), {n: p.default for n, p in parameters.items() if n != "modules"}


def _of_module(kind: Any) -> Callable:
    return lambda **options: kind(nn.Linear(2, 2, rng=0), **options)


def clipping(rng: np.random.Generator) -> tuple[Callable, dict[str, Any]]:
    """Gradients of a module, clipped."""
    module = nn.Linear(2, 2, rng=0)
    module.grads["weight"] = np.ones((2, 2))
    if rng.integers(2):
        return lambda **o: optim.clip_grad_value(module, **o), {"clip_value": 0.5}
    return lambda **o: optim.clip_grad_norm(module, **o), {"max_norm": 0.5, "norm_type": 2.0}


def initial(rng: np.random.Generator) -> tuple[Callable, dict[str, Any]]:
    """Initial weights."""
    names = ("uniform", "normal", "xavier_uniform", "he_normal", "orthogonal", "identity", "chrono")
    names += ("forget_bias", "update_bias", "torch_linear", "torch_recurrent", "constant")
    function = getattr(initializers, names[rng.integers(len(names))])
    known = {"shape": (3, 2), "rng": np.random.default_rng(0), "hidden_size": 3, "longest": 5}
    known |= {"in_features": 3, "value": 1.0}
    parameters = inspect.signature(function).parameters
    return function, {n: known.get(n, p.default) for n, p in parameters.items()}


def conversion(rng: np.random.Generator) -> tuple[Callable, dict[str, Any]]:
    """Weights from one packing to another."""
    target = ("torch", "keras", "onnx")[rng.integers(3)]
    weights = nn.GRU(3, 2, rng=0).state_dict()
    return layouts.convert, {"weights": weights, "source": "torch", "target": target, "cell": "gru"}


def of_course(rng: np.random.Generator) -> tuple[Callable, dict[str, Any]]:
    """A function of the course."""
    sizes = {"Wax": (2, 3), "Waa": (2, 2), "ba": (2, 1), "Wya": (2, 2), "by": (2, 1)}
    parameters = {name: rng.standard_normal(size) for name, size in sizes.items()}
    a = rng.standard_normal((2, 4))
    which = rng.integers(5)
    if which == 0:
        return (course.softmax, course.sigmoid)[rng.integers(2)], {"z": a}
    if which == 1:
        return course.clip, {"gradients": parameters, "max_value": 0.5}
    if which == 2:
        x = rng.standard_normal((3, 4, 5))
        return course.rnn_forward, {"x": x, "a0": a, "parameters": parameters}
    xt = rng.standard_normal((3, 4))
    if which == 3:
        return course.rnn_cell_forward, {"xt": xt, "a_prev": a, "parameters": parameters}
    cache = course.rnn_cell_forward(xt, a, parameters)[-1]
    return course.rnn_cell_backward, {"da_next": rng.standard_normal((2, 4)), "cache": cache}


def settings(rng: np.random.Generator) -> tuple[Callable, dict[str, Any]]:
    """The settings of a run."""
    return run.Run, {field.name: field.default for field in dataclasses.fields(run.Run)}


FACES = (
    *(recurrent, constructor, cell, linear, state_dict, loss, rule, optimizer, clipping),
    *(initial, conversion, of_course, settings),
)


# One call -------------------------------------------------------------------------------------


def changed(rng: np.random.Generator, value: Any) -> tuple[Any, str]:
    """Something else in the place of an argument, and what."""
    if isinstance(value, np.ndarray) and rng.integers(4):
        name = list(CHANGES)[rng.integers(len(CHANGES))]
        if value.dtype.kind == "f" or name not in ("huge",):
            with np.errstate(all="ignore"):
                return CHANGES[name](value), name
    return SCALARS[rng.integers(len(SCALARS))], "a value"


def verdict(function: Callable, arguments: dict[str, Any], names: set[str]) -> tuple[str, Any]:
    """What came of a call: "answered", "refused", or what is wrong with it; and the answer."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            return "answered", function(**arguments)
    except ERRORS as error:
        if names & set(re.findall(r"\w+", str(error))):
            return "refused", None
        return f"{type(error).__name__} that names no argument: {str(error)[:80]}", None
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:80]}", None


def _names(arguments: dict[str, Any]) -> set[str]:
    """Of the arguments, and of what stands in a dict among them."""
    inside = (str(key) for value in arguments.values() if isinstance(value, dict) for key in value)
    return {*arguments, *inside}


def leaves(value: Any) -> list[np.ndarray]:
    """The arrays of an answer."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, tuple | list):
        return [array for entry in value for array in leaves(entry)]
    if isinstance(value, np.ndarray | np.floating | float):
        return [np.asarray(value)]
    return []


def one(seed: int) -> tuple[str, str, str]:
    """The face, the argument that was replaced and what came of a call with this seed."""
    rng, again = np.random.default_rng(seed), np.random.default_rng(seed)
    face = FACES[rng.integers(len(FACES))]
    (function, arguments), same = face(rng), FACES[again.integers(len(FACES))](again)
    which, what = "", ""
    if rng.integers(4):
        which = list(arguments)[rng.integers(len(arguments))]
        value, what = changed(rng, arguments[which])
        arguments = arguments | {which: value}
    came, answer = verdict(function, arguments, _names(arguments) | _names(same[1]))
    if came == "answered" and what in ("", *HARMLESS):
        came = _compared(leaves(answer), leaves(same[0](**same[1])))
    elif what in HARMLESS and came == "refused":
        came = "a right array is refused"
    elif what == "masked" and came == "answered":
        came = "a mask is lost"
    return face.__name__, f"{which} {what}: {arguments.get(which)!r:.40}".split("\n")[0], came


def _compared(got: list[np.ndarray], right: list[np.ndarray]) -> str:
    if not all(np.all(np.isfinite(array)) for array in got):
        return "not finite"
    close = [np.allclose(a, b, 1e-9, 1e-9) for a, b in zip(got, right, strict=True)]
    return "answered" if all(close) else "another answer"


def main() -> None:
    """Many calls, and a table of what came of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--readme", action="store_true", help=readme.WORDS)
    options = parser.parse_args()
    counts: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    for seed in range(options.first, options.first + options.calls):
        face, argument, came = one(seed)
        kind = came if came in ("answered", "refused") else "wrong"
        counts[face][kind] += 1
        if kind == "wrong":
            print(f"{seed}  {face}  {argument}  {came}")
    head = ["face", "answered", "refused by name", "wrong"]
    rows = [
        [face.replace("_", " "), *(str(row[came]) for came in ("answered", "refused", "wrong"))]
        for face, row in sorted(counts.items())
    ]
    first, last = options.first, options.first + options.calls - 1
    words = f"{options.calls:,} calls, seeds {first:,} to {last:,}."
    readme.show("fuzz", readme.table(head, rows), words, options.readme)


if __name__ == "__main__":
    main()
