"""The course functions of both dialects: what they take, what they return, what the textbook says.

Two dialects of one assignment. "course": column-major arrays (n_x, m, T_x), parameters in a dict,
caches. "batch_first": arrays (m, T, n_x), parameters in a tuple, no caches. A `Function` gives the
arguments of a course function for a `probes.Probe`, the results that are expected (from the
textbook, or from a namespace with a mistake planted into it) and reads what a submission returned.

Results have names: those of the course (``a``, ``y_pred``, ``dWf``), and for the caches of the
forward functions ``cache.ft`` (one step, (n, m)) and ``caches.ft`` (a sequence, stacked to
(T, n, m)). Names of parameters are the course's own, Wi and bi for the update gate.
"""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .. import compare, textbook
from . import probes

DIALECTS = ("course", "batch_first")
OVERFLOWING = 1000.0  # exp of it does, in float64
CLOSE = 1e-3  # two quantities of a probe are never this close; float32 and worse dtypes are

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
class Flat:
    """What a submission returned, laid out by name.

    Attributes
    ----------
    outputs : arrays by name of the result; what could not be found is not there
    problems : what breaks the contract of the function, in words
    notes : what is different and harmless
    suspects : ids of the catalogue that the form of what was returned speaks for (``caches-wrong``)
    """

    outputs: dict[str, np.ndarray] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    suspects: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Any]:
        """Outputs, problems, notes."""
        return iter((self.outputs, self.problems, self.notes))


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
        call : how this submission wants them, from `recognise`; None: as the course does
        """
        call = call or Call(self.takes)
        values = known(self, self._numbers(probe), call.update_gate)
        return [values[name] for name in call.order]

    def expected(
        self, probe: probes.Probe, oracle: Any = textbook, forward: Any = textbook
    ) -> dict[str, np.ndarray]:
        """The results by name, in the axes of the dialect.

        Parameters
        ----------
        probe : the numbers
        oracle : `handrnn.textbook`, or a namespace with the same functions (`planting.plant`)
        forward : whose caches a backward function gets
        """
        return _EXPECTED[self.kind](self, self._numbers(probe), oracle, forward)

    def flatten(self, value: Any, probe: probes.Probe) -> Flat:
        """What a submission returned, laid out by name; whatever it is, nothing is raised."""
        flat = Flat()
        if self.kind in ("softmax", "sigmoid"):
            _take(flat, self.name, value, self._shapes(probe)[self.name])
        elif self.kind.endswith("backward"):
            _flatten_gradients(self, flat, value, probe)
        else:
            _flatten_forward(self, flat, value, probe)
        return flat

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

    def _shapes(self, probe: probes.Probe) -> dict[str, tuple[int, ...]]:
        return {name: value.shape for name, value in self.expected(probe).items()}

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.takes)})"


# ------------------------------------------------------------------------------------- arguments


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


def _renamed(name: str, update_gate: str) -> str:
    return {"Wi": "Wu", "bi": "bu"}.get(name, name) if update_gate == "u" else name


def parameters(function: Function, probe: probes.Probe, update_gate: str = "i") -> Any:
    """The parameters of a function's cell in its dialect: a dict, or batch-first a tuple."""
    names = PARAMETERS[function.dialect, function.cell]
    values = {name: probe.parameters[function.cell][theirs] for name, theirs in names.items()}
    if function.dialect == "course":
        return {_renamed(name, update_gate): value.copy() for name, value in values.items()}
    return tuple(
        value[:, 0].copy() if value.shape[1] == 1 else value.T.copy() for value in values.values()
    )


def cache(function: Function, probe: probes.Probe, step: int | None, update_gate: str) -> tuple:
    """The documented cache of one step of the sequence, for None that of the single cell."""
    whole = probe.caches[function.cell]["cells"] if step is not None else None
    theirs = probe.cell_cache[function.cell] if whole is None else whole[step or 0]
    entries = (theirs[name].copy() for name in CACHE[function.cell].values())
    return (*entries, parameters(function, probe, update_gate))


def _sizes(probe: probes.Probe) -> dict[str, int]:
    return {"n_x": probe.I, "n_a": probe.H, "n_y": probe.Y, "m": probe.B, "T_x": probe.T}


def known(function: Function, probe: probes.Probe, update_gate: str = "i") -> dict[str, Any]:
    """Everything that an argument, or a global that is read, can stand for, by its course name."""
    if function.kind in ("softmax", "sigmoid"):
        z = probe.z_far if function.far else probe.z
        return {"z": z.copy() if function.dialect == "course" else z.T.copy()}
    course = function.dialect == "course"
    one = _columns if course else _rows
    many = _last_axis_time if course else _middle_axis_time
    values: dict[str, Any] = _sizes(probe)
    given = parameters(function, probe, update_gate)
    values["parameters"] = given
    names = list(PARAMETERS[function.dialect, function.cell])
    values |= given if course else dict(zip(names, given, strict=True))
    values |= {"x": many(probe.x), "da": many(probe.dy)}
    values |= {"dc_next": one(probe.dc_next), "da_next": one(probe.dh_next)}
    state, memory, zero = one(probe.h0), one(probe.c0), np.zeros_like(one(probe.c0))
    if course:
        values |= {"xt": one(probe.x[0]), "a_prev": state, "a0": state.copy()}
        values |= {"c_prev": memory, "c0": zero}
        values["cache"] = cache(function, probe, None, update_gate)
        steps = [cache(function, probe, t, update_gate) for t in range(probe.T)]
        values["caches"] = (steps, values["x"].copy())
    else:
        values |= {"x_t": one(probe.x[0]), "a_prev": state, "a_init": state.copy()}
        values |= {"m_prev": memory, "m_init": zero}
    return values


def _columns(values: np.ndarray) -> np.ndarray:
    return values.copy()


def _rows(values: np.ndarray) -> np.ndarray:
    return values.T.copy()


def _last_axis_time(values: np.ndarray) -> np.ndarray:
    return values.transpose(1, 2, 0).copy()


def _middle_axis_time(values: np.ndarray) -> np.ndarray:
    return values.transpose(2, 0, 1).copy()


# ------------------------------------------------------------------------------ expected results


def _in_axes(function: Function, values: np.ndarray) -> np.ndarray:
    """A state, an output or a gradient of the textbook in the axes of the dialect."""
    if values.ndim == 3:
        axes = (1, 2, 0) if function.dialect == "course" else (2, 0, 1)
        return values.transpose(axes)
    return values if function.dialect == "course" else values.T


def _expected_forward(
    function: Function, probe: probes.Probe, oracle: Any, forward: Any
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
    function: Function, probe: probes.Probe, oracle: Any, forward: Any
) -> dict[str, np.ndarray]:
    run = getattr(oracle, f"{function.cell}_{function.kind}")
    states = (probe.dh_next,) if function.cell == "rnn" else (probe.dh_next, probe.dc_next)
    if function.kind == "cell_backward":
        found = run(*states, _caches(function, probe, forward))
    else:
        nothing = [np.zeros_like(state) for state in states]
        found = run(probe.dy, *nothing, _caches(function, probe, forward))
    results = RESULTS[function.dialect, function.cell, function.kind]
    outputs = {name: _in_axes(function, found[theirs]) for name, theirs in results.items()}
    for name, theirs in PARAMETERS[function.dialect, function.cell].items():
        if theirs not in ("Why", "by"):
            outputs[f"d{name}"] = _parameter_axes(function, found[f"d{theirs}"])
    return outputs


def _caches(function: Function, probe: probes.Probe, forward: Any) -> dict[str, Any]:
    one_step = function.kind == "cell_backward"
    if forward is textbook:
        return (probe.cell_cache if one_step else probe.caches)[function.cell]
    weights = dict(probe.parameters[function.cell])
    x = probe.x[0] if one_step else probe.x
    memory = probe.c0 if one_step else np.zeros_like(probe.c0)
    state = (probe.h0,) if function.cell == "rnn" else (probe.h0, memory)
    kind = function.kind.replace("backward", "forward")
    return getattr(forward, f"{function.cell}_{kind}")(x, *state, weights)[-1]


def _parameter_axes(function: Function, values: np.ndarray) -> np.ndarray:
    if function.dialect == "course" or values.ndim < 2:
        return values
    return values[:, 0] if values.shape[1] == 1 else values.T


def _expected_elementary(
    function: Function, probe: probes.Probe, oracle: Any, forward: Any
) -> dict[str, np.ndarray]:
    z = probe.z_far if function.far else probe.z
    with np.errstate(all="ignore"):
        found = getattr(oracle, function.kind)(z)
    return {function.name: found if function.dialect == "course" else found.T}


_Expected = Callable[[Function, probes.Probe, Any, Any], dict[str, np.ndarray]]
_EXPECTED: dict[str, _Expected] = {
    "cell_forward": _expected_forward,
    "forward": _expected_forward,
    "cell_backward": _expected_backward,
    "backward": _expected_backward,
    "softmax": _expected_elementary,
    "sigmoid": _expected_elementary,
}


# ------------------------------------------------------------------------------- axes of results


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


# ---------------------------------------------------------------------- reading what was returned


def _kind_of(value: Any) -> str:
    """What a value is, with its article."""
    kind = str(getattr(value, "type", type(value).__name__))
    if isinstance(value, np.ndarray):
        kind = "array"
        if value.dtype.kind not in "fciub":
            kind += " of text" if value.dtype.kind in "US" else f" of {value.dtype}"
    elif kind == "Tensor" and getattr(value, "repr", "").startswith("tensor("):
        kind = "torch.Tensor"
    return f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}"


def _array(value: Any) -> np.ndarray | None:
    """A numeric array of what may be one, None for everything else."""
    if isinstance(value, np.ndarray | np.generic | int | float | complex):
        array = np.asarray(value)
    elif isinstance(value, list | tuple):
        try:
            array = np.asarray(value)
        except (ValueError, TypeError):
            return None
    else:
        return None
    return array if array.dtype.kind in "fciub" else None


def _take(flat: Flat, name: str, value: Any, shape: tuple[int, ...]) -> None:
    """Put one result into flat, with what is odd about it."""
    if value is None:
        flat.problems.append(f"{name} is None")
        return
    array = _array(value)
    if array is None:
        wanted = "an ndarray is needed" if _kind_of(value).endswith("Tensor") else ""
        flat.problems.append(
            f"{name} is {_kind_of(value)}{': ' + wanted if wanted else ', not an array of numbers'}"
        )
        return
    if array.dtype.kind == "c":
        flat.problems.append(f"{name} is complex ({array.dtype})")
    elif array.dtype.kind in "iub":
        flat.notes.append(f"{name} holds {array.dtype}, not floating-point numbers")
        array = array.astype(np.float64)
    if array.shape != shape:
        if _squeezed(array.shape) == _squeezed(shape) and array.size:
            flat.notes.append(f"{name} has shape {array.shape}, the course's is {shape}")
            array = array.reshape(shape)
        else:
            transposed = ", its transpose" if array.shape == shape[::-1] else ""
            flat.problems.append(f"{name} has shape {array.shape}{transposed}, not {shape}")
    flat.outputs[name] = array


def _squeezed(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def _plain(name: Any) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


# other names of results, in plain letters
_SYNONYMS = {
    "course": {
        "dx": ("dxt",),
        "dxt": ("dx",),
        "da0": ("daprev", "dainit", "dh0", "daprev0"),
        "da_prev": ("daprevt", "dhprev"),
        "dc_prev": ("dcprevt",),
        "dWi": ("dwu",),
        "dbi": ("dbu",),
        "dWc": ("dwg",),
        "dbc": ("dbg",),
        "y_pred": ("y", "yhat"),
        "yt_pred": ("yt", "y"),
        "y": ("ypred", "yhat"),
    },
    "batch_first": {
        "da_init": ("da0", "dh0", "daprev"),
        "dW_u": ("dwi",),
        "db_u": ("dbi",),
        "dW_m": ("dwc", "dwg"),
        "db_m": ("dbc", "dbg"),
        "m": ("c",),
        "m_t": ("ct", "cnext"),
        "a_t": ("anext",),
    },
}


def _by_name(
    function: Function, flat: Flat, value: Mapping[Any, Any], names: Sequence[str]
) -> dict[str, Any]:
    """Entries of a mapping by the course's names, as far as they are there."""
    rest = {_plain(key): key for key in value}
    found = {}
    for name in names:
        if name in value:
            found[name] = value[name]
            rest.pop(_plain(name), None)
    for name in names:
        if name in found:
            continue
        for spelling in (_plain(name), *_SYNONYMS[function.dialect].get(name, ())):
            if spelling in rest:
                key = rest.pop(spelling)
                found[name] = value[key]
                flat.notes.append(f"{key} is taken for {name}")
                break
    if rest:
        flat.notes.append(f"also returns {', '.join(str(key) for key in rest.values())}")
    return found


def _flatten_gradients(function: Function, flat: Flat, value: Any, probe: probes.Probe) -> None:
    shapes = function._shapes(probe)
    if isinstance(value, Mapping):
        found = _by_name(function, flat, value, list(shapes))
    elif isinstance(value, tuple | list) and len(value) == len(shapes):
        flat.notes.append("returns its gradients one after another, the course's are in a dict")
        found = dict(zip(shapes, value, strict=True))
    else:
        flat.problems.append(f"returns {_described(value)}, not a dict of {', '.join(shapes)}")
        return
    for name, shape in shapes.items():
        if name in found:
            _take(flat, name, found[name], shape)
        else:
            flat.problems.append(f"{name} is missing in what is returned")


def _described(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, tuple | list):
        return f"{len(value)} result{'s' * (len(value) != 1)}"
    return _kind_of(value)


def _flatten_forward(function: Function, flat: Flat, value: Any, probe: probes.Probe) -> None:
    truth = function.expected(probe)
    names = [*function.gives]
    if function.dialect == "course":
        names.append("cache" if function.kind == "cell_forward" else "caches")
    if isinstance(value, Mapping):
        flat.notes.append("returns a dict, the course's functions return a tuple")
        found = _by_name(function, flat, value, names)
    elif isinstance(value, tuple | list):
        if len(value) != len(names):
            flat.problems.append(
                f"returns {_described(value)}, not {len(names)} results: {_list(names)}"
            )
        found = _in_order(flat, dict(zip(names, value, strict=False)), truth)
    else:
        flat.problems.append(
            f"returns {_described(value)}, not {len(names)} results: {_list(names)}"
        )
        return
    for name in function.gives:
        if name in found:
            _take(flat, name, found[name], truth[name].shape)
        elif isinstance(value, Mapping):
            flat.problems.append(f"{name} is missing in what is returned")
    if function.dialect == "course" and names[-1] in found:
        _flatten_caches(function, flat, found[names[-1]], probe, truth)


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)


def _in_order(flat: Flat, found: dict[str, Any], truth: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The results under their own names, should they have come in another order."""
    arrays = {name: _array(value) for name, value in found.items() if name in truth}
    moved = {}
    for name, array in arrays.items():
        if array is None or error(array, truth[name]) < CLOSE:
            continue
        for other in arrays:
            if other == name or array.shape != truth[other].shape:
                continue
            fits = array.shape != truth[name].shape or error(array, truth[other]) < CLOSE
            theirs = arrays[other]
            if fits and (theirs is None or error(theirs, truth[other]) >= CLOSE):
                moved[name] = other
    if set(moved) != set(moved.values()) or not moved:
        return found
    order = [moved.get(name, name) for name in found]
    flat.problems.append(f"returns {_list(order)}: the course's order is {_list([*found])}")
    return {moved.get(name, name): value for name, value in found.items()}


def error(found: np.ndarray, expected: np.ndarray) -> float:
    """The normwise error, infinite where shapes differ or a value is not finite."""
    if np.shape(found) != np.shape(expected):
        return float("inf")
    value = compare.normwise_error(np.asarray(found), np.asarray(expected))
    return value if np.isfinite(value) else float("inf")


# ---------------------------------------------------------------------------------------- caches


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], np.ndarray]:
    """The arrays inside tuples, lists and dicts, by path."""
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, tuple | list):
        items = list(enumerate(value))
    else:
        array = _array(value) if isinstance(value, np.ndarray | np.generic) else None
        return {} if array is None else {path: array}
    found = {}
    for key, entry in items:
        found |= _leaves(entry, (*path, key))
    return found


def _steps(value: Any, T: int) -> list[Any] | None:
    """The caches of all steps, wherever they stand: in value itself or one level down."""
    inside = list(value.values()) if isinstance(value, Mapping) else value
    for candidate in (value, *(inside if isinstance(inside, tuple | list) else ())):
        if isinstance(candidate, tuple | list) and len(candidate) == T:
            paths = [set(_leaves(step)) for step in candidate]
            nested = all(isinstance(step, tuple | list | Mapping) for step in candidate)
            if nested and paths[0] and all(path == paths[0] for path in paths):
                return list(candidate)
    return None


def _stacked(steps: Sequence[Any]) -> dict[tuple[Any, ...], np.ndarray]:
    """The leaves of all steps, one array a path with time in front."""
    leaves = [_leaves(step) for step in steps]
    alike = [p for p in leaves[0] if len({step[p].shape for step in leaves}) == 1]
    return {path: np.stack([step[path] for step in leaves]) for path in alike}


def _flatten_caches(
    function: Function, flat: Flat, value: Any, probe: probes.Probe, truth: dict[str, np.ndarray]
) -> None:
    one_step = function.kind == "cell_forward"
    prefix = "cache." if one_step else "caches."
    if one_step:
        leaves, form = _leaves(value), value
    else:
        steps = _steps(value, probe.T)
        if steps is None:
            _odd_caches(flat, value, function, probe, truth)
            return
        leaves, form = _stacked(steps), steps[0]
        _flatten_x(flat, value, truth["caches.x"])
    anchors = _anchors(function, flat, probe, one_step)
    wanted = {name: truth[prefix + name] for name in CACHE[function.cell]}
    own = flat.outputs
    right = all(n in own and error(own[n], truth[n]) < CLOSE for n in function.gives)
    placed = _by_place(function, form, leaves, wanted, anchors)
    if placed is None:
        placed, order = _by_value(leaves, wanted, anchors)
        flat.notes.append(_form(prefix[:-1], form, order, len(wanted)))
        missing = [name for name in wanted if name not in placed]
        holds = "the cache holds" if one_step else "the caches hold"
        flat.notes.extend(f"{holds} no {name}" for name in missing)
        if missing and _has_course_form(function, form):
            flat.suspects.append("caches-wrong")
    elif right:
        placed = _gates_in_order(flat, placed, wanted)
    for name, array in placed.items():
        flat.outputs[prefix + name] = array


def _has_course_form(function: Function, form: Any) -> bool:
    """Whether a cache of a step is a tuple as the course's, the parameters last."""
    size = len(CACHE[function.cell]) + 1
    return isinstance(form, tuple | list) and len(form) == size and isinstance(form[-1], Mapping)


def _form(name: str, form: Any, order: Mapping[tuple[Any, ...], str], size: int) -> str:
    """How a cache differs that holds its entries elsewhere."""
    if isinstance(form, tuple | list) and len(order) == size and all(len(p) == 1 for p in order):
        listed = [
            "parameters" if isinstance(entry, Mapping) else order.get((k,), "something else")
            for k, entry in enumerate(form)
        ]
        theirs = "has its entries" if name == "cache" else "have the entries of a step"
        return f"the {name} {theirs} in another order than the course's: {_list(listed)}"
    return f"the {name} {'has' if name == 'cache' else 'have'} another form than the course's"


def _flatten_x(flat: Flat, value: Any, x: np.ndarray) -> None:
    for array in _leaves(value).values():
        if error(array, x) < CLOSE:
            flat.outputs["caches.x"] = array
            return
    last = value[-1] if isinstance(value, tuple) and len(value) == 2 else None
    if isinstance(last, np.ndarray) and last.shape == x.shape:
        flat.outputs["caches.x"] = last
    else:
        flat.notes.append("the caches do not hold x")


def _anchors(
    function: Function, flat: Flat, probe: probes.Probe, one_step: bool
) -> dict[str, np.ndarray]:
    """What must be in the caches whatever the gates are: the inputs and the own results."""
    own = list(function.gives)
    states = {"a": own[0]} | ({} if function.cell == "rnn" else {"c": own[1 if one_step else 2]})
    start = {"a": probe.h0, "c": probe.c0 if one_step else np.zeros_like(probe.c0)}
    found = {"xt": probe.x[0] if one_step else probe.x}
    for letter, name in states.items():
        if one_step:
            found[f"{letter}_prev"] = start[letter]
        array = flat.outputs.get(name)
        if array is None or array.shape[:2] != start[letter].shape:
            continue
        if one_step:
            found[f"{letter}_next"] = array
        else:
            after = array.transpose(2, 0, 1)
            found[f"{letter}_next"] = after
            found[f"{letter}_prev"] = np.concatenate((start[letter][None], after[:-1]))
    return found


def _by_place(
    function: Function,
    form: Any,
    leaves: Mapping[tuple[Any, ...], np.ndarray],
    wanted: Mapping[str, np.ndarray],
    anchors: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray] | None:
    """The entries of a cache in the course's order, or of a dict with its names; else None."""
    names = list(CACHE[function.cell])
    if isinstance(form, Mapping):
        keys = {_plain(key): key for key in form}
        placed = {n: leaves.get((keys[_plain(n)],)) for n in names if _plain(n) in keys}
    elif isinstance(form, tuple | list) and len(form) == len(names) + 1:
        placed = {name: leaves.get((k,)) for k, name in enumerate(names)}
    else:
        return None
    found = {
        name: array
        for name, array in placed.items()
        if array is not None and array.shape == wanted[name].shape
    }
    good = [name for name in anchors if name in found and _speaks(found[name], anchors[name])]
    if len(found) < len(names) or 2 * len(good) <= len(anchors):
        return None
    return found


def _speaks(found: np.ndarray, anchor: np.ndarray) -> bool:
    """Whether an entry is what it should be, or has its first or last step where it does not go."""
    if error(found, anchor) < CLOSE:
        return True
    if found.ndim < 3:
        return False
    ends = [(found[k], anchor[j]) for k in (0, -1) for j in (0, -1)]
    return any(error(one, other) < CLOSE for one, other in ends)


def _by_value(
    leaves: Mapping[tuple[Any, ...], np.ndarray],
    wanted: Mapping[str, np.ndarray],
    anchors: Mapping[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], dict[tuple[Any, ...], str]]:
    """The entries of a cache of any form, each the array that holds its values; their places."""
    found, places = {}, {}
    for name, value in wanted.items():
        value = anchors.get(name, value)
        for path, array in leaves.items():
            if path not in places and error(array, value) < CLOSE:
                found[name] = array
                places[path] = name
                break
    return found, places


def _gates_in_order(
    flat: Flat, placed: dict[str, np.ndarray], wanted: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Gates that a correct forward pass keeps in another order than the course does."""
    gates = [name for name in ("ft", "it", "cct", "ot") if name in placed]
    order = []
    for name in gates:
        fitting = [gate for gate in gates if error(placed[name], wanted[gate]) < CLOSE]
        order += fitting[:1]
    if order == gates or sorted(order) != sorted(gates):
        return placed
    flat.notes.append(f"the cache holds its gates in the order {_list(order)}")
    moved = {gate: placed[name] for name, gate in zip(gates, order, strict=True)}
    return placed | moved


def _odd_caches(
    flat: Flat, value: Any, function: Function, probe: probes.Probe, truth: dict[str, np.ndarray]
) -> None:
    """Say what is in caches that do not hold one entry a step."""
    arrays = _leaves(value)
    prefix = "caches."
    wanted = {name: truth[prefix + name] for name in CACHE[function.cell]}
    by_quantity = {
        path: stacked
        for path, array in arrays.items()
        for stacked in (array, np.moveaxis(array, -1, 0))
        if array.ndim == 3 and stacked.shape[0] == probe.T
    }
    by_quantity |= _lists_of_steps(value, probe.T)
    placed, _ = _by_value(by_quantity, wanted, _anchors(function, flat, probe, one_step=False))
    if len(placed) > 1:
        flat.notes.append("the caches hold one array a quantity, the course's one entry a step")
        flat.outputs.update({prefix + name: array for name, array in placed.items()})
        return
    flat.suspects.append("caches-wrong")
    last = [array for array in arrays.values() if error(array, truth["caches.a_next"][-1]) < CLOSE]
    size = len(CACHE[function.cell])
    if last and len(arrays) <= 2 * (size + 10):
        flat.notes.append(f"the caches hold one step only, the last of {probe.T}")
    elif last:
        flat.notes.append("the caches hold the entries of all steps in one row")
    else:
        flat.notes.append(f"the caches are {_described(value)} without one entry a step")


def _lists_of_steps(
    value: Any, T: int, path: tuple[Any, ...] = ()
) -> dict[tuple[Any, ...], np.ndarray]:
    """Lists of T arrays of one shape inside value, each as one array with time in front."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, tuple | list):
        arrays = [entry for entry in value if isinstance(entry, np.ndarray)]
        if len(arrays) == len(value) == T and len({array.shape for array in arrays}) == 1:
            return {path: np.stack(arrays)}
        items = list(enumerate(value))
    found = {}
    for key, entry in items:
        found |= _lists_of_steps(entry, T, (*path, key))
    return found


# ----------------------------------------------------------------------------------- recognition


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


@dataclass(frozen=True)
class Recognised:
    """A definition of a submission that is a course function.

    Attributes
    ----------
    function : which one
    call : how it wants its arguments
    notes : what is different from the course
    """

    function: Function
    call: Call
    notes: tuple[str, ...] = ()


_WORDS = {
    "rnn": ("rnn", "vanillarnn"),
    "lstm": ("lstm",),
    "cell": ("cell", "step", "unit", "timestep"),
    "forward": ("forward", "forwards", "fwd", "fprop", "forwardprop", "forwardpass"),
    "backward": ("backward", "backwards", "bwd", "bprop", "backprop", "bptt", "backwardpass"),
}
_FILLING = {"my", "np", "numpy", "pass", "prop", "propagation", "propagate", "sequence", "full"}
_FILLING |= {"v1", "v2", "v3", "new", "one", "single", "solution", "vanilla", "simple"}


def _word(token: str) -> str | None:
    for word, spellings in _WORDS.items():
        if token in spellings:
            return word
    close = difflib.get_close_matches(token, _WORDS, n=1, cutoff=0.8)
    return close[0] if close else None


def course_name(name: str) -> str | None:
    """The course function that a name stands for: ``lstm_backward`` for ``lstmBackwards``."""
    if _plain(name) in ("softmax", "sigmoid"):
        return _plain(name)
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    tokens = [token for token in spaced.lower().split("_") if token and token not in _FILLING]
    words = {_word(token) for token in tokens}
    if None in words or len(words & {"rnn", "lstm"}) != 1:
        return None
    if len(words & {"forward", "backward"}) != 1:
        return None
    return "_".join(
        word for word in ("rnn", "lstm", "cell", "forward", "backward") if word in words
    )


# other names of arguments, in plain letters
_ARGUMENTS = {
    "xt": ("x", "xtt", "input", "inputt"),
    "x": ("xs", "inputs", "X"),
    "x_t": ("xt", "x"),
    "a_prev": ("aprev", "hprev", "aprevt", "prevh", "aprevious", "hiddenprev"),
    "a0": ("ainit", "h0", "aprev", "hprev", "ainitial"),
    "a_init": ("a0", "h0", "aprev"),
    "c_prev": ("cprev", "cellprev", "cprevt", "prevc"),
    "m_prev": ("cprev", "memoryprev"),
    "c0": ("cinit", "cprev"),
    "m_init": ("m0", "c0"),
    "parameters": ("params", "parameter", "param", "weights", "theta", "p"),
    "da_next": ("danext", "dhnext", "da", "dat"),
    "dc_next": ("dcnext", "dc", "dct"),
    "da": ("das", "dh", "danext", "gradients", "dout"),
    "cache": ("caches", "memory"),
    "caches": ("cache", "memory"),
    "T_x": ("tx", "t"),
    "m": ("m", "batchsize"),
    "Wi": ("wu",),
    "bi": ("bu",),
    "W_u": ("wi",),
    "b_u": ("bi",),
    "W_m": ("wc",),
    "b_m": ("bc",),
}


_TAKES_ANY = re.compile(r"^\s*(?:async\s+)?def\s+\w+\s*\([^)]*(?<![\w)*])\*\w", re.MULTILINE)


def recognise(definition: Any, dialect: str | None = None) -> Recognised | None:
    """The course function that a definition is, or None.

    Parameters
    ----------
    definition : with ``name``, ``arguments`` [(name, whether it has a default)] and ``source``
    dialect : "course" or "batch_first"; None: told by names of arguments and by the text
    """
    name = course_name(definition.name)
    if name is None:
        return None
    source = getattr(definition, "source", "") or ""
    arguments = list(definition.arguments)
    if dialect is None:
        dialect = _dialect(name, [argument for argument, _ in arguments], source)
    function = ALL.get((dialect, name))
    if function is None:
        return None
    notes = []
    if name != definition.name:
        notes.append(f"{definition.name} is taken for {name}")
    order = _order(function, arguments)
    if order is None:
        if name != definition.name:
            return None
        theirs = _list([argument for argument, _ in arguments])
        notes.append(f"takes ({theirs}); the course's function takes ({_list(function.takes)})")
        order = function.takes
    elif order != function.takes and _TAKES_ANY.search(source):
        order = function.takes
    elif order != function.takes:
        notes.append(f"takes ({_list(order)}); the course's takes ({_list(function.takes)})")
    update_gate = "u" if _names_wu(arguments, source) and dialect == "course" else "i"
    if update_gate == "u":
        notes.append("calls the update gate Wu, bu")
    order = tuple(_renamed(entry, update_gate) for entry in order)
    return Recognised(function, Call(order, update_gate), tuple(notes))


def _names_wu(arguments: Sequence[tuple[str, bool]], source: str) -> bool:
    letters = set(re.findall(r"""\[\s*["'][Wb]([iu])["']\s*\]""", source))
    return "Wu" in {name for name, _ in arguments} or letters == {"u"}


def _dialect(name: str, arguments: Sequence[str], source: str) -> str:
    plain = {_plain(argument) for argument in arguments}
    if plain & {"cache", "caches", "a0", "cprev"}:
        return "course"
    if plain & {"ainit", "mprev", "minit"}:
        return "batch_first"
    if re.search(r"""parameters\s*(\[\s*["']|\.get\()""", source):
        return "course"
    unpacked = re.search(r"[,)][^=\n]*=\s*parameters\s*$", source, re.MULTILINE)
    if unpacked and ("batch_first", name) in ALL:
        return "batch_first"
    return "course"


def _order(function: Function, arguments: Sequence[tuple[str, bool]]) -> tuple[str, ...] | None:
    """What each argument is, told by its name, else by its place."""
    required = [name for name, default in arguments if not default]
    if len(required) == len(function.takes):
        named = [_argument(function, name) for name in required]
        moved = set(named) == set(function.takes) and tuple(named) != function.takes
        return tuple(n for n in named if n) if moved else function.takes
    named = [_argument(function, name) for name in required]
    if None in named or len(set(named)) < len(named):
        optional = [name for name, _ in arguments]
        return function.takes if len(required) < len(function.takes) <= len(optional) else None
    return tuple(name for name in named if name)


def _argument(function: Function, name: str) -> str | None:
    plain = _plain(name)
    possible = [*function.takes, *_possible(function)]
    for candidate in possible:
        if plain == _plain(candidate):
            return candidate
    for candidate in possible:
        if plain in _ARGUMENTS.get(candidate, ()):
            return candidate
    return None


def _possible(function: Function) -> list[str]:
    if function.cell == "":
        return []
    states = ["a0", "c0"] if function.dialect == "course" else ["a_init", "m_init"]
    sizes = ["n_x", "n_a", "n_y", "m", "T_x"]
    return [*PARAMETERS[function.dialect, function.cell], "parameters", "x", *states, *sizes]
