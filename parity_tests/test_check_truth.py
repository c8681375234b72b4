"""What the checker holds for right equals torch: every cell, kind and variant, and gradients.

The cells are written in torch from their atoms, and these cells are held against `torch.nn` where
it has them; autograd does the rest.
"""

import itertools

import numpy as np
import pytest

from handrnn import compare, slots
from handrnn.check.probe import probes, truth

torch = pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")

CLOSE = 1e-13  # normwise, in float64, on probes that amplify little
PROBES = [probes.draw(seed) for seed in (0, 1)]
GRU_VARIANTS = [
    variant
    for length in range(len(truth.VARIANTS) + 1)
    for variant in itertools.combinations(truth.VARIANTS, length)
]
CELLS = [("rnn", ()), ("lstm", ()), *(("gru", variant) for variant in GRU_VARIANTS)]
EVERY_CELL = pytest.mark.parametrize(
    ("cell", "variant"), CELLS, ids=lambda part: part if isinstance(part, str) else "+".join(part)
)
EVERY_PROBE = pytest.mark.parametrize("probe", PROBES, ids=lambda probe: f"seed {probe.seed}")


def leaves(known):
    """The atoms as tensors whose gradients are asked for."""
    return {
        name: torch.tensor(np.array(value), dtype=torch.float64, requires_grad=True)
        for name, value in known.items()
    }


def step(cell, variant, atoms, x, h, c):
    """One step in torch, in the textbook's axes: the new states."""

    def on_x(gate):
        return atoms[f"W.{gate}.x"] @ x + atoms[f"b.{gate}"][:, None]

    def of(gate):
        return on_x(gate) + atoms[f"W.{gate}.h"] @ h

    if cell == "rnn":
        return torch.tanh(of("h")), c
    if cell == "lstm":
        i, f, o = (torch.sigmoid(of(gate)) for gate in "ifo")
        c = f * c + i * torch.tanh(of("g"))
        return o * torch.tanh(c), c
    r, u = torch.sigmoid(of("r")), torch.sigmoid(of("u"))
    weights, bias = atoms["W.n.h"], atoms["b.n.h"][:, None]
    if "reset-before" in variant:
        n = torch.tanh(on_x("n") + weights @ (r * h) + bias)
    else:
        n = torch.tanh(on_x("n") + r * (weights @ h + bias))
    u = 1 - u if "update-turned" in variant else u
    return (1 - u) * n + u * h, c


def sequence(cell, variant, atoms):
    """The states at every step, each (T, H, B)."""
    h, c = atoms["h0"], atoms["c0"]
    states = []
    for x in atoms["x"]:
        h, c = step(cell, variant, atoms, x, h, c)
        states.append((h, c))
    return tuple(torch.stack(some) for some in zip(*states, strict=True))


def output(atoms, h, weights="Why"):
    """What the output layer makes of one step's hidden state."""
    return torch.softmax(atoms[weights] @ h + atoms["by"].reshape(-1, 1), 0)


def agree(found, right, names):
    """Every one of the named atoms, by value."""
    for name in names:
        value = right[name].detach().numpy()
        assert found[name].shape == value.shape, name
        assert compare.normwise_error(found[name], value) < CLOSE, name


def right_of(of, variant, probe):
    """What the checker holds for right, and the inputs it has it from, as tensors."""
    known = truth.inputs(probe, truth.split(of)[0])
    return truth.results(of, known, truth.oracle(variant)), leaves(known)


def derived(loss, atoms, asked):
    """Gradients of a loss: with respect to what is asked, and to all weights and biases."""
    names = [*asked, *(name for name in atoms if name.startswith(("W.", "b.")))]
    values = torch.autograd.grad(loss, [atoms[name] for name in names])
    return {f"d{name}": value for name, value in zip(names, values, strict=True)}


# ----------------------------------------------------------------------------------- torch's cells


@EVERY_PROBE
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_cells_here_are_those_of_torch(cell, probe):
    atoms = leaves(truth.inputs(probe, cell))
    order = {"rnn": "h", "lstm": "ifgo", "gru": "run"}[cell]
    other = torch.nn.__dict__[cell.upper()](probe.I, probe.H, dtype=torch.float64)
    zero = torch.zeros(probe.H, dtype=torch.float64)
    hidden = [atoms["b.n.h"] if (cell, gate) == ("gru", "n") else zero for gate in order]
    with torch.no_grad():
        other.weight_ih_l0.copy_(torch.cat([atoms[f"W.{gate}.x"] for gate in order]))
        other.weight_hh_l0.copy_(torch.cat([atoms[f"W.{gate}.h"] for gate in order]))
        other.bias_ih_l0.copy_(torch.cat([atoms[f"b.{gate}"] for gate in order]))
        other.bias_hh_l0.copy_(torch.cat(hidden))
    h0, c0 = (atoms[name].T[None].contiguous() for name in ("h0", "c0"))
    start = (h0, c0) if cell == "lstm" else h0
    theirs, _ = other(atoms["x"].transpose(1, 2), start)
    ours, _ = sequence(cell, (), atoms)
    assert torch.allclose(ours.transpose(1, 2), theirs, rtol=0, atol=1e-14)


# ------------------------------------------------------------------------------- values, gradients


@EVERY_PROBE
@EVERY_CELL
def test_a_step_forward(cell, variant, probe):
    found, atoms = right_of(f"{cell}_cell_forward", variant, probe)
    h, c = step(cell, variant, atoms, atoms["xt"], atoms["h_prev"], atoms["c_prev"])
    right = {"h_next": h, "c_next": c, "yt": output(atoms, h)}
    names = set(right) - ({"c_next"} if cell != "lstm" else set())
    assert found.keys() == names
    agree(found, right, names)


@EVERY_PROBE
@EVERY_CELL
def test_a_step_backward(cell, variant, probe):
    found, atoms = right_of(f"{cell}_cell_backward", variant, probe)
    h, c = step(cell, variant, atoms, atoms["xt"], atoms["h_prev"], atoms["c_prev"])
    loss, asked = (h * atoms["dh_next"]).sum(), ["xt", "h_prev"]
    if cell == "lstm":
        loss, asked = loss + (c * atoms["dc_next"]).sum(), [*asked, "c_prev"]
    right = derived(loss, atoms, asked)
    assert found.keys() == right.keys()
    agree(found, right, right)


@EVERY_PROBE
@EVERY_CELL
def test_a_sequence_forward(cell, variant, probe):
    found, atoms = right_of(f"{cell}_forward", variant, probe)
    h, c = sequence(cell, variant, atoms)
    right = {"h": h, "h_T": h[-1], "states": torch.cat([atoms["h0"][None], h])}
    right["y"] = torch.stack([output(atoms, one) for one in h])
    if cell == "lstm":
        right |= {"c": c, "c_T": c[-1]}
    assert found.keys() == right.keys()
    agree(found, right, right)


@EVERY_PROBE
@EVERY_CELL
def test_a_sequence_backward(cell, variant, probe):
    found, atoms = right_of(f"{cell}_backward", variant, probe)
    h, c = sequence(cell, variant, atoms)
    loss = (h * atoms["dy"]).sum() + (h[-1] * atoms["dh_T"]).sum()
    asked = ["x", "h0"]
    if cell == "lstm":
        loss, asked = loss + (c[-1] * atoms["dc_T"]).sum(), [*asked, "c0"]
    right = derived(loss, atoms, asked)
    assert found.keys() == right.keys()
    agree(found, right, right)


@EVERY_CELL
def test_a_sequence_backward_of_fewer_steps(cell, variant):
    """Gradients that arrive at the first steps only."""
    probe = probes.draw(0, T=7, T_back=4)
    found, atoms = right_of(f"{cell}_backward", variant, probe)
    atoms["x"] = atoms["x"][:4].detach().requires_grad_()
    h, c = sequence(cell, variant, atoms)
    loss = (h * atoms["dy"]).sum() + (h[-1] * atoms["dh_T"]).sum()
    asked = ["x", "h0"]
    if cell == "lstm":
        loss, asked = loss + (c[-1] * atoms["dc_T"]).sum(), [*asked, "c0"]
    right = derived(loss, atoms, asked)
    agree(found, right, right)


@EVERY_PROBE
@EVERY_CELL
def test_what_each_step_holds(cell, variant, probe):
    """Inputs, states before and after, and gates, that prescribed caches are made of."""
    known = truth.inputs(probe, cell)
    atoms = leaves(known)
    steps = truth.along(f"{cell}_backward", known, truth.oracle(variant))
    assert len(steps) == probe.T
    h, c = atoms["h0"], atoms["c0"]
    for x, found in zip(atoms["x"], steps, strict=True):
        after = step(cell, variant, atoms, x, h, c)
        right = {"xt": x, "h_prev": h, "h_next": after[0]}
        if cell == "lstm":
            right |= {"c_prev": c, "c_next": after[1]}
        for gate in {"lstm": "ifgo", "gru": "ru"}.get(cell, ""):
            z = atoms[f"W.{gate}.x"] @ x + atoms[f"W.{gate}.h"] @ h + atoms[f"b.{gate}"][:, None]
            right[gate] = torch.tanh(z) if gate == "g" else torch.sigmoid(z)
        agree(found, right, right)
        h, c = after


# -------------------------------------------------------------- two layers, two directions, helpers


def other(atoms):
    """The atoms of the second recurrence, under the names of a first."""
    return {name.removeprefix("2."): value for name, value in atoms.items() if name[:2] == "2."}


@EVERY_PROBE
def test_two_layers(probe):
    found, atoms = right_of("rnn_deep_forward", (), probe)
    below, _ = sequence("rnn", (), atoms | {"h0": atoms["deep0"][0]})
    above = {**atoms, **other(atoms), "x": below, "h0": atoms["deep0"][1]}
    above["W.h.x"] = above["W.h.below"]
    upper, _ = sequence("rnn", (), above)
    deep = torch.cat([atoms["deep0"][None], torch.stack([below, upper], 1)])
    y = torch.stack([output(atoms, h) for h in upper])
    agree(found, {"deep": deep, "y": y}, ("deep", "y"))


@EVERY_PROBE
def test_two_directions(probe):
    found, atoms = right_of("rnn_bi_forward", (), probe)
    ahead, _ = sequence("rnn", (), atoms)
    second = {**atoms, **other(atoms), "x": atoms["x"].flip(0)}
    back, _ = sequence("rnn", (), second)
    both = torch.cat([ahead, back.flip(0)], 1)
    y = torch.stack([output(atoms, h, "Why_both") for h in both])
    agree(found, {"both": both, "y": y}, ("both", "y"))

    found, atoms = right_of("rnn_back_forward", (), probe)
    h, _ = step("rnn", (), {**atoms, **other(atoms)}, atoms["xt"], atoms["h_prev"], None)
    agree(found, {"h_next": h}, ["h_next"])

    found, atoms = right_of("rnn_bi_output", (), probe)
    y = torch.stack([output(atoms, h, "Why_both") for h in atoms["both"]])
    agree(found, {"y": y}, ["y"])


@EVERY_PROBE
def test_softmax_and_sigmoid(probe):
    found, atoms = right_of("softmax", (), probe)
    agree(found, {"softmax": torch.softmax(atoms["z"], 0)}, ["softmax"])
    found, atoms = right_of("sigmoid", (), probe)
    agree(found, {"sigmoid": torch.sigmoid(atoms["z"])}, ["sigmoid"])


# --------------------------------------------------------------------------- what nobody gives


@EVERY_PROBE
@EVERY_CELL
def test_what_nobody_gives_is_zero(cell, variant, probe):
    """No states, no biases: the same as with zeros, and no output without its weights."""
    known = truth.inputs(probe, cell)
    few = truth.only(known, {"x", *(name for name in known if name.startswith("W."))})
    found = truth.results(f"{cell}_forward", few, truth.oracle(variant))
    assert "y" not in found
    atoms = leaves(known)
    for name in atoms:
        if name in ("h0", "c0") or name.startswith("b."):
            atoms[name] = torch.zeros_like(atoms[name])
    h, _ = sequence(cell, variant, atoms)
    agree(found, {"h": h}, ["h"])


def test_every_gate_has_its_atoms():
    """Nothing is left out of what is compared: as many atoms as parameters, with the same numbers.

    Of the GRU's candidate the bias beside the hidden state has an atom of its own.
    """
    for probe, cell in itertools.product(PROBES, slots.GATES):
        known = truth.inputs(probe, cell)
        names = {f"W.{gate}.{part}" for gate in slots.GATES[cell] for part in "xh"}
        names |= {f"b.{gate}" for gate in slots.GATES[cell]}
        names |= {"b.n.h"} if cell == "gru" else set()
        assert {name for name in known if name.startswith(("W.", "b."))} == names
        count = sum(known[name].size for name in names)
        theirs = {n: v for n, v in probe.parameters[cell].items() if n not in ("Why", "by")}
        assert count == sum(value.size for value in theirs.values())
