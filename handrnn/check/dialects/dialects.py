"""The course functions of both dialects: what they take, what they return, what the textbook says.

Two dialects of one assignment. "course": column-major arrays (n_x, m, T_x), parameters in a dict,
caches. "batch_first": arrays (m, T, n_x), parameters in a tuple, no caches. A `Function` gives the
arguments of a course function for a `probes.Probe`, the results that are expected (from the
textbook, or from a namespace with a mistake planted into it). `recognition` and `returned` read
what a submission takes and returns.

Results have names: those of the course (``a``, ``y_pred``, ``dWf``), and for the caches of the
forward functions ``cache.ft`` (one step, (n, m)) and ``caches.ft`` (a sequence, stacked to
(T, n, m)). Names of parameters are the course's own, Wi and bi for the update gate.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ... import compare, layouts, textbook
from ..probe import probes

DIALECTS = ("course", "batch_first")
OVERFLOWING = 1000.0  # exp of it does, in float64
# the course's names of parameters, and of what is theirs in the textbook
PARAMETERS = {
    ("course", "rnn"): {"Wax": "Wxh", "Waa": "Whh", "Wya": "Why", "ba": "bh", "by": "by"},
    ("course", "lstm"): {
        "Wf": "Wf",
        "bf": "bf",
        "Wi": "Wi",
        "bi": "bi",
        "Wc": "Wg",
        "bc": "bg",
        "Wo": "Wo",
        "bo": "bo",
        "Wy": "Why",
        "by": "by",
    },
    ("batch_first", "rnn"): {"W_a": "Wxh", "U_a": "Whh", "b_a": "bh", "W_y": "Why", "b_y": "by"},
    ("batch_first", "lstm"): {
        "W_f": "Wf",
        "b_f": "bf",
        "W_u": "Wi",
        "b_u": "bi",
        "W_m": "Wg",
        "b_m": "bg",
        "W_o": "Wo",
        "b_o": "bo",
        "W_y": "Why",
        "b_y": "by",
    },
}
# the entries of a course cache in order, and where the textbook's cache has them
CACHE = {
    "rnn": {"a_next": "h_next", "a_prev": "h_prev", "xt": "xt"},
    "lstm": {
        "a_next": "h_full",
        "c_next": "c_next",
        "a_prev": "h_prev",
        "c_prev": "c_prev",
        "ft": "f",
        "it": "i",
        "cct": "g",
        "ot": "o",
        "xt": "xt",
    },
}
# results of the functions in order: the course's names and the textbook's
RESULTS = {
    ("course", "rnn", "cell_forward"): {"a_next": "h", "yt_pred": "y"},
    ("course", "rnn", "forward"): {"a": "h", "y_pred": "y"},
    ("course", "lstm", "cell_forward"): {"a_next": "h", "c_next": "c", "yt_pred": "y"},
    ("course", "lstm", "forward"): {"a": "h", "y": "y", "c": "c"},
    ("course", "rnn", "cell_backward"): {"dxt": "dxt", "da_prev": "dh_prev"},
    ("course", "rnn", "backward"): {"dx": "dx", "da0": "dh0"},
    ("course", "lstm", "cell_backward"): {"dxt": "dxt", "da_prev": "dh_prev", "dc_prev": "dc_prev"},
    ("course", "lstm", "backward"): {"dx": "dx", "da0": "dh0"},
    ("batch_first", "rnn", "cell_forward"): {"a_t": "h", "y_t": "y"},
    ("batch_first", "rnn", "forward"): {"a": "h", "y": "y"},
    ("batch_first", "lstm", "cell_forward"): {"a_t": "h", "m_t": "c", "y_t": "y"},
    ("batch_first", "lstm", "forward"): {"a": "h", "m": "c", "y": "y"},
    ("batch_first", "rnn", "backward"): {"dx": "dx", "da_init": "dh0"},
    ("batch_first", "lstm", "backward"): {"dx": "dx", "da_init": "dh0"},
}
TAKES = {
    ("course", "rnn", "cell_forward"): ("xt", "a_prev", "parameters"),
    ("course", "rnn", "forward"): ("x", "a0", "parameters"),
    ("course", "lstm", "cell_forward"): ("xt", "a_prev", "c_prev", "parameters"),
    ("course", "lstm", "forward"): ("x", "a0", "parameters"),
    ("course", "rnn", "cell_backward"): ("da_next", "cache"),
    ("course", "rnn", "backward"): ("da", "caches"),
    ("course", "lstm", "cell_backward"): ("da_next", "dc_next", "cache"),
    ("course", "lstm", "backward"): ("da", "caches"),
    ("batch_first", "rnn", "cell_forward"): ("x_t", "a_prev", "parameters"),
    ("batch_first", "rnn", "forward"): ("x", "a_init", "parameters"),
    ("batch_first", "lstm", "cell_forward"): ("x_t", "a_prev", "m_prev", "parameters"),
    ("batch_first", "lstm", "forward"): ("x", "a_init", "parameters"),
    ("batch_first", "rnn", "backward"): ("da", "x", "a_init", "parameters"),
    ("batch_first", "lstm", "backward"): ("da", "x", "a_init", "parameters"),
}


@dataclass(frozen=True)
class Function:
    """A course function in one dialect.

    Attributes
    ----------
    name, dialect : ``lstm_backward`` of the dialect "course" or "batch_first"
    cell : "rnn" or "lstm"; "" for softmax and sigmoid
    kind : "cell_forward", "forward", "cell_backward", "backward", "softmax" or "sigmoid"
    takes : names of its arguments in order
    gives : names of its results in order, caches not included
    far : called where exp overflows, in softmax or sigmoid
    """

    name: str
    dialect: str
    cell: str
    kind: str
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    far: bool = False

    def arguments(self, probe: probes.Probe, call: "Call | None" = None) -> list[Any]:
        """What the function is called with: fresh arrays in the axes of the dialect.

        Parameters
        ----------
        probe : the numbers
        call : how this submission wants them (`recognition`); None: as the course does
        """
        call = call or Call(self.takes)
        values = known(self, self._numbers(probe), call.update_gate)
        return [values[name] for name in call.order]

    def expected(self, probe: probes.Probe, oracle: Any = textbook) -> dict[str, np.ndarray]:
        """The results by name, in the axes of the dialect.

        Parameters
        ----------
        probe : the numbers
        oracle : `handrnn.textbook`, or a namespace with the same functions (`planting.plant`)
        """
        return _EXPECTED[self.kind](self, self._numbers(probe), oracle)

    def _numbers(self, probe: probes.Probe) -> probes.Probe:
        """The probe, with biases of the output that make exp overflow if that is asked for."""
        if not self.far or not self.cell:
            return probe
        given = probe.parameters[self.cell]
        far = {**given, "by": given["by"] + OVERFLOWING}
        return replace(probe, parameters={**probe.parameters, self.cell: far})

    def layout(self, name: str) -> compare.Layout:
        """What the axes of a result mean."""
        return compare.Layout(_axes(self, name), backward=self.kind.endswith("backward"))

    def shapes(self, probe: probes.Probe) -> dict[str, tuple[int, ...]]:
        """The shapes of the results."""
        return {name: value.shape for name, value in self.expected(probe).items()}

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.takes)})"


# ---------------------------------------------------------------------------------------- arguments


@dataclass(frozen=True)
class Call:
    """How a submission wants its arguments.

    Attributes
    ----------
    order : the course's names of what each argument is
    update_gate : what the submission calls the update gate: "i" (Wi, bi) or "u" (Wu, bu)
    """

    order: tuple[str, ...]
    update_gate: str = "i"


def renamed(name: str, update_gate: str) -> str:
    """The name of a parameter, where the update gate is called u."""
    return {"Wi": "Wu", "bi": "bu"}.get(name, name) if update_gate == "u" else name


def parameters(function: Function, probe: probes.Probe, update_gate: str = "i") -> Any:
    """The parameters of a function's cell in its dialect: a dict, or batch-first a tuple."""
    names = PARAMETERS[function.dialect, function.cell]
    values = {name: probe.parameters[function.cell][theirs] for name, theirs in names.items()}
    if function.dialect == "course":
        return {renamed(name, update_gate): value.copy() for name, value in values.items()}
    return tuple(
        value[:, 0].copy() if value.shape[1] == 1 else value.T.copy() for value in values.values()
    )


def cache(function: Function, probe: probes.Probe, step: int | None, update_gate: str) -> tuple:
    """The documented cache of one step of the sequence, for None that of the single cell."""
    cell = function.cell
    theirs = probe.cell_cache[cell] if step is None else probe.caches[cell]["cells"][step]
    entries = (theirs[name].copy() for name in CACHE[cell].values())
    return (*entries, parameters(function, probe, update_gate))


def _sizes(probe: probes.Probe) -> dict[str, int]:
    return {"n_x": probe.I, "n_a": probe.H, "n_y": probe.Y, "m": probe.B, "T_x": probe.T}


def known(function: Function, probe: probes.Probe, update_gate: str = "i") -> dict[str, Any]:
    """Everything that an argument, or a global that is read, can stand for, by its course name."""
    if function.kind in ("softmax", "sigmoid"):
        z = probe.z_far if function.far else probe.z
        return {"z": z.copy() if function.dialect == "course" else z.T.copy()}

    def here(values: np.ndarray) -> np.ndarray:
        return _in_axes(function, values).copy()

    course = function.dialect == "course"
    values: dict[str, Any] = _sizes(probe)
    given = parameters(function, probe, update_gate)
    values["parameters"] = given
    names = list(PARAMETERS[function.dialect, function.cell])
    values |= given if course else dict(zip(names, given, strict=True))
    values |= {"x": here(probe.x), "da": here(probe.dy)}
    values |= {"dc_next": here(probe.dc_next), "da_next": here(probe.dh_next)}
    state, memory, zero = here(probe.h0), here(probe.c0), here(np.zeros_like(probe.c0))
    if course:
        values |= {"xt": here(probe.x[0]), "a_prev": state, "a0": state.copy()}
        values |= {"c_prev": memory, "c0": zero}
        values["cache"] = cache(function, probe, None, update_gate)
        steps = [cache(function, probe, t, update_gate) for t in range(probe.T)]
        values["caches"] = (steps, values["x"].copy())
    else:
        values |= {"x_t": here(probe.x[0]), "a_prev": state, "a_init": state.copy()}
        values |= {"m_prev": memory, "m_init": zero}
    return values


# --------------------------------------------------------------------------------- expected results


def _in_axes(function: Function, values: np.ndarray) -> np.ndarray:
    """A state, an output or a gradient of the textbook in the axes of the dialect."""
    course = function.dialect == "course"
    if values.ndim == 3:
        if course:
            return layouts.course_from_core(values)
        return layouts.from_core(values, batch_first=True)
    return values if course else values.T


def _expected_forward(
    function: Function, probe: probes.Probe, oracle: Any
) -> dict[str, np.ndarray]:
    weights = dict(probe.parameters[function.cell])
    state = (probe.h0,) if function.cell == "rnn" else (probe.h0, probe.c0)
    one_step = function.kind == "cell_forward"
    if not one_step and function.cell == "lstm":
        state = (probe.h0, np.zeros_like(probe.c0))
    run = getattr(oracle, f"{function.cell}_{function.kind}")
    *states, caches = run(probe.x[0] if one_step else probe.x, *state, weights)
    found: dict[str, np.ndarray] = dict(zip(("h", "c"), states, strict=False))
    found["y"] = caches["y"] if one_step else _outputs(caches["cells"], probe.T)
    results = RESULTS[function.dialect, function.cell, function.kind]
    outputs = {name: _in_axes(function, found[theirs]) for name, theirs in results.items()}
    if function.dialect != "course":
        return outputs
    for name, theirs in CACHE[function.cell].items():
        if one_step:
            outputs[f"cache.{name}"] = caches[theirs]
        else:
            outputs[f"caches.{name}"] = np.stack([c[theirs] for c in caches["cells"]])
    if not one_step:
        outputs["caches.x"] = _in_axes(function, probe.x)
    return outputs


def _outputs(cells: Sequence[Mapping[str, Any]], T: int) -> np.ndarray:
    """The outputs of all steps; a planted loop may leave steps out, or turn them round."""
    y = np.zeros((T, *cells[0]["y"].shape))
    for t, cell in enumerate(cells):
        y[cell.get("t", t)] = cell["y"]
    return y


def _expected_backward(
    function: Function, probe: probes.Probe, oracle: Any
) -> dict[str, np.ndarray]:
    run = getattr(oracle, f"{function.cell}_{function.kind}")
    states = (probe.dh_next,) if function.cell == "rnn" else (probe.dh_next, probe.dc_next)
    if function.kind == "cell_backward":
        found = run(*states, probe.cell_cache[function.cell])
    else:
        nothing = [np.zeros_like(state) for state in states]
        found = run(probe.dy, *nothing, probe.caches[function.cell])
    results = RESULTS[function.dialect, function.cell, function.kind]
    outputs = {name: _in_axes(function, found[theirs]) for name, theirs in results.items()}
    for name, theirs in PARAMETERS[function.dialect, function.cell].items():
        if theirs not in ("Why", "by"):
            outputs[f"d{name}"] = _parameter_axes(function, found[f"d{theirs}"])
    return outputs


def _parameter_axes(function: Function, values: np.ndarray) -> np.ndarray:
    if function.dialect == "course" or values.ndim < 2:
        return values
    return values[:, 0] if values.shape[1] == 1 else values.T


def _expected_elementary(
    function: Function, probe: probes.Probe, oracle: Any
) -> dict[str, np.ndarray]:
    z = probe.z_far if function.far else probe.z
    with np.errstate(all="ignore"):
        found = getattr(oracle, function.kind)(z)
    return {function.name: found if function.dialect == "course" else found.T}


_Expected = Callable[[Function, probes.Probe, Any], dict[str, np.ndarray]]
_EXPECTED: dict[str, _Expected] = {
    "cell_forward": _expected_forward,
    "forward": _expected_forward,
    "cell_backward": _expected_backward,
    "backward": _expected_backward,
    "softmax": _expected_elementary,
    "sigmoid": _expected_elementary,
}


# ---------------------------------------------------------------------------------- axes of results


def _axes(function: Function, name: str) -> tuple[str, ...]:
    course = function.dialect == "course"
    plain = name.split(".")[-1]
    if name.startswith("caches.") and plain != "x":
        return ("time", "input" if plain == "xt" else "unit", "example")
    if re.match("d[WU]", plain):
        inputs_only = plain in ("dWax", "dW_a")  # the others act on states, or on [a_prev, xt]
        if course:
            return ("unit", "input" if inputs_only else "column")
        return ("input" if inputs_only else "row", "unit")
    if plain.startswith("db"):
        return ("unit", "") if course else ("unit",)
    feature = "input" if plain in ("x", "xt", "dx", "dxt") else "unit"
    if plain == "x" or (function.kind in ("forward", "backward") and plain in _SEQUENCES):
        return (feature, "example", "time") if course else ("example", "time", feature)
    return (feature, "example") if course else ("example", feature)


_SEQUENCES = ("a", "c", "m", "y", "y_pred", "dx")


def listed(names: Sequence[str]) -> str:
    """Names one after another, for a sentence."""
    return ", ".join(names)


def plain(name: Any) -> str:
    """A name in small letters and digits."""
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def _functions() -> Iterator[Function]:
    for (dialect, cell, kind), takes in TAKES.items():
        gives = RESULTS[dialect, cell, kind]
        yield Function(f"{cell}_{kind}", dialect, cell, kind, takes, tuple(gives))
    for dialect in DIALECTS:
        for name in ("softmax", "sigmoid"):
            yield Function(name, dialect, "", name, ("z",), (name,))


ALL: dict[tuple[str, str], Function] = {(f.dialect, f.name): f for f in _functions()}
FAR: dict[tuple[str, str], Function] = {
    key: replace(f, far=True) for key, f in ALL.items() if not f.kind.endswith("backward")
}
