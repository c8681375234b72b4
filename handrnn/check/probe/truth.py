"""What is right, as atoms: the textbook, or a textbook with a mistake planted into it.

Inputs and results are dicts of atoms (`handrnn.slots`). What the caller of a function does not give
is zero: a state that nobody passes on starts at zero, a bias that is not there adds nothing.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from ... import slots, textbook
from . import planting, probes

Atoms = dict[str, np.ndarray]
Edits = Mapping[str, Sequence[planting.Edit]]

VARIANTS: dict[str, dict[str, tuple[planting.Edit, ...]]] = {
    "reset-before": {
        "gru_cell_forward": (
            planting.Edit("hn = Whn @ h_prev + bhn", "hn = Whn @ (r * h_prev) + bhn"),
            planting.Edit("n = np.tanh(xn + r * hn)", "n = np.tanh(xn + hn)"),
        ),
        "gru_cell_backward": (
            planting.Edit("dhn = dzn * r", "dhn = dzn"),
            planting.Edit("dr = dzn * hn", "dr = (Whn.T @ dzn) * h_prev"),
            planting.Edit("dWhn = dhn @ h_prev.T", "dWhn = dhn @ (r * h_prev).T"),
            planting.Edit("Whn.T @ dhn", "(Whn.T @ dhn) * r"),
        ),
    },
    "update-turned": {
        "gru_cell_forward": (
            planting.Edit("(1 - u) * n + u * h_prev", "u * n + (1 - u) * h_prev"),
        ),
        "gru_cell_backward": (
            planting.Edit("du = dh_next * (h_prev - n)", "du = dh_next * (n - h_prev)"),
            planting.Edit("dn = dh_next * (1 - u)", "dn = dh_next * u"),
            planting.Edit("+ dh_next * u", "+ dh_next * (1 - u)"),
        ),
    },
}
KINDS = ("cell_forward", "forward", "cell_backward", "backward")
ELEMENTARY = ("softmax", "sigmoid")


def oracle(variant: tuple[str, ...] = (), edits: Edits | None = None) -> Any:
    """The textbook's functions, with variants of the cell and with mistakes planted into it."""
    if not variant and not edits:
        return textbook
    together: dict[str, list[planting.Edit]] = {}
    for part in (*(VARIANTS[name] for name in variant), edits or {}):
        for function, many in part.items():
            together.setdefault(function, []).extend(many)
    return planting.plant(together)


def split(of: str) -> tuple[str, str]:
    """The cell and the kind of a function: ("lstm", "cell_backward"); ("", "softmax")."""
    if of in ELEMENTARY:
        return "", of
    cell, _, kind = of.partition("_")
    return cell, kind


@cache
def inputs(probe: probes.Probe, cell: str) -> Atoms:
    """Everything that a probe has to give to a function of a cell."""
    known = {"z": probe.z, "x": probe.x, "xt": probe.x[0], "h0": probe.h0, "h_prev": probe.h0}
    known |= {"c0": probe.c0, "c_prev": probe.c0, "dy": probe.dy, "dc": np.zeros_like(probe.dy)}
    known |= {"dh_next": probe.dh_next, "dh_T": probe.dh_next}
    known |= {"dc_next": probe.dc_next, "dc_T": probe.dc_next}
    if cell:
        known |= slots.from_textbook(cell, probe.parameters[cell])
        known |= {f"s.{gate}": probe.shares[:, k] for k, gate in enumerate(slots.GATES[cell])}
    return known | (_second(probe) if cell == "rnn" else {})


def _second(probe: probes.Probe) -> Atoms:
    """A second recurrence: the layer above, or the other direction."""
    rng = np.random.default_rng(np.random.SeedSequence((probe.seed, 2)))
    B, I, H, Y = probe.B, probe.I, probe.H, probe.Y
    shapes = {"2.W.h.h": (H, H), "2.W.h.x": (H, I), "2.W.h.below": (H, H), "2.b.h": (H,)}
    shapes["Why_both"] = (Y, 2 * H)
    found = {name: rng.uniform(-1, 1, shape) for name, shape in shapes.items()}
    found |= {"2.h0": rng.standard_normal((H, B)), "both": rng.standard_normal((probe.T, 2 * H, B))}
    return found | {"deep0": np.stack([probe.h0, found["2.h0"]])}


STATES = ("2.h0", "h0", "h_prev", "c0", "c_prev", "dy", "dh_next", "dc_next", "dh_T", "dc_T")


def only(known: Mapping[str, np.ndarray], given: set[str]) -> Atoms:
    """The inputs, with zeros for the states, cotangents and biases that nobody gives.

    Parameters
    ----------
    known : of `inputs`
    given : names of the atoms that a submission is given
    """
    absent = [name for name in known if name in STATES or name.startswith(("b.", "by", "2.b"))]
    zeros = {name: np.zeros_like(known[name]) for name in absent if name not in given}
    found = {name: value for name, value in known.items() if name not in ("Why",)}
    if "Why" in given:
        found["Why"] = known["Why"]
    return found | zeros


def results(of: str, known: Mapping[str, np.ndarray], functions: Any = textbook) -> Atoms:
    """What a function of the textbook makes of its inputs, as atoms.

    Parameters
    ----------
    of : "lstm_cell_backward" and so on; "softmax", "sigmoid"
    known : its inputs; of a backward function those of the forward function
    functions : the textbook, or what `oracle` returns
    """
    cell, kind = split(of)
    if kind in TWICE:
        return TWICE[kind](known, functions)
    if not cell:
        with np.errstate(all="ignore"):
            return {of: getattr(functions, of)(known["z"])}
    parameters = slots.to_textbook(cell, known)
    forward, backward = (
        f"{cell}_{kind.removesuffix('backward').removesuffix('forward')}{way}"
        for way in ("forward", "backward")
    )
    letters = "hc" if cell == "lstm" else "h"
    ends = ("prev", "next") if kind.startswith("cell") else ("0", "T")
    before = [known[f"{letter}_prev" if ends[0] == "prev" else f"{letter}0"] for letter in letters]
    x = known["xt" if ends[0] == "prev" else "x"]
    *states, caches = getattr(functions, forward)(x, *before, parameters)
    if kind.endswith("forward"):
        return _outputs(letters, ends, states, caches, before)
    arriving = [known[f"d{letter}_{ends[1]}"] for letter in letters]
    if ends[0] == "prev":
        kept = {
            name: known[name] for name in ("h_next", "c_next", *slots.GATES[cell]) if name in known
        }  # somebody's cache says otherwise
        caches = caches | kept | ({"h_full": kept["h_next"]} if "h_next" in kept else {})
        found = getattr(functions, backward)(*arriving, caches)
    else:
        found = getattr(functions, backward)(known["dy"], *arriving, caches)
    weights = {name: value for name, value in found.items() if name[1:2] in "Wb"}
    plain = {name: value for name, value in found.items() if name not in weights}
    return plain | slots.from_textbook(cell, weights)


def _above(known: Mapping[str, np.ndarray], functions: Any) -> Atoms:
    """Two layers: the states of the first are the inputs of the second."""
    below = slots.to_textbook("rnn", known)
    above = {n.removeprefix("2."): v for n, v in known.items() if n.startswith("2.")}
    above |= {"W.h.x": above["W.h.below"], "Why": known["Why"], "by": known["by"]}
    states, _ = functions.rnn_forward(known["x"], known["deep0"][0], below)
    upper, caches = functions.rnn_forward(
        states, known["deep0"][1], slots.to_textbook("rnn", above)
    )
    after = np.stack([states, upper], axis=1)
    y = np.stack([step["y"] for step in caches["cells"]])
    return {"deep": np.concatenate([known["deep0"][None], after]), "y": y}


def _other_way(known: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The textbook's parameters of the other direction."""
    second = {n.removeprefix("2."): v for n, v in known.items() if n.startswith("2.")}
    return slots.to_textbook("rnn", second)


def _step_back(known: Mapping[str, np.ndarray], functions: Any) -> Atoms:
    """One step of the other direction."""
    after, _ = functions.rnn_cell_forward(known["xt"], known["h_prev"], _other_way(known))
    return {"h_next": after}


def _both_ways(known: Mapping[str, np.ndarray], functions: Any) -> Atoms:
    """Two directions, one above the other, and an output layer on both."""
    alone = {name: value for name, value in known.items() if name not in ("Why", "by")}
    ahead, _ = functions.rnn_forward(known["x"], known["h0"], slots.to_textbook("rnn", alone))
    back, _ = functions.rnn_forward(known["x"][::-1], known["2.h0"], _other_way(known))
    both = np.concatenate([ahead, back[::-1]], axis=1)
    return {"both": both, **_output_of_both({**known, "both": both}, functions)}


def _output_of_both(known: Mapping[str, np.ndarray], functions: Any) -> Atoms:
    by = known["by"][:, None]
    z = known["Why_both"] @ known["both"] + by
    return {"y": np.stack([functions.softmax(step) for step in z])}


TWICE = {
    "deep_forward": _above,
    "back_forward": _step_back,
    "bi_forward": _both_ways,
    "bi_output": _output_of_both,
}


def _outputs(
    letters: str,
    ends: tuple[str, str],
    states: Sequence[np.ndarray],
    caches: Mapping[str, Any],
    before: Sequence[np.ndarray],
) -> Atoms:
    """What a forward function returns: states and, where there is an output layer, y."""
    if ends[0] == "prev":
        found = {f"{letter}_next": state for letter, state in zip(letters, states, strict=True)}
        return found | ({"yt": caches["y"]} if "y" in caches else {})
    found = dict(zip(letters, states, strict=True))
    found |= {f"{letter}_T": state[-1] for letter, state in zip(letters, states, strict=True)}
    found["states"] = np.concatenate([before[0][None], states[0]])
    if "y" in caches["cells"][0]:
        found["y"] = np.zeros((len(found["h"]), *caches["cells"][0]["y"].shape))
        for t, step in enumerate(caches["cells"]):  # a planted loop may turn the steps round
            found["y"][step.get("t", t)] = step["y"]
    return found


def along(of: str, known: Mapping[str, np.ndarray], functions: Any = textbook) -> list[Atoms]:
    """What a forward function has at every step: input, states before and after, gates.

    Parameters
    ----------
    of, known, functions : as for `results`; of a backward function, its forward function is run
    """
    cell, kind = split(of)
    parameters = slots.to_textbook(cell, known)
    letters = "hc" if cell == "lstm" else "h"
    if kind.startswith("cell"):
        before = [known[f"{letter}_prev"] for letter in letters]
        run = getattr(functions, f"{cell}_cell_forward")
        after, *_, cache = run(known["xt"], *before, parameters)
        steps, states = [cache], [after]
    else:
        before = [known[f"{letter}0"] for letter in letters]
        run = getattr(functions, f"{cell}_forward")
        states, *_, caches = run(known["x"], *before, parameters)
        steps = caches["cells"]
    names = ("xt", "h_prev", "h_next", "c_prev", "c_next", *slots.GATES[cell])
    found = []
    for t, step in enumerate(steps):
        here = {name: step[name] for name in names if name in step}
        if "h_next" not in here:
            here["h_next"] = step["h_full"] if "h_full" in step else states[t]
        found.append(here)
    return found
