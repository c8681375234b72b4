"""Right functions and classes that stand for a submission's: by value what the textbook says.

Every function of a dialect is called as the dialect calls it, with stand-ins in every place.
"""

from typing import Any

import numpy as np
import pytest

from handrnn.check.dialects import dialect as dialects
from handrnn.check.dialects import match, standin
from handrnn.check.judge import returned, target
from handrnn.check.load import parts
from handrnn.check.probe import probes

KNOWN = dialects.all_dialects()
SEEDS = (0, 1)
CLOSE = 1e-12
EVERY = [
    pytest.param(dialect, function, id=f"{dialect.name}: {function.name}")
    for dialect in KNOWN.values()
    for function in dialect.functions.values()
    if function.cell
]


def target_of(dialect, function):
    """A function of a dialect, as if a submission had it and its forward function."""

    def matched(one):
        definition = parts.Definition(one.name, "function", 1, None, (), "", True)
        return match.Match(definition, dialect, one, one.calls)

    forward = dialect.forward_of(function) if function.needs else None
    return target.Target(matched(function), matched(forward) if forward else None)


def probe_of(dialect, seed):
    sizes = {"B": 3, "I": 5, "H": 4, "Y": 2} | dict(dialect.sizes)
    return probes.draw(seed, sizes=(sizes["B"], sizes["I"], sizes["H"], sizes["Y"]))


def called(partners, one, probe, kept=None):
    """What comes of each call of a function, and what is kept by name."""
    kept = dict(kept or {})
    values = []
    for call in one.match.calls:
        given = one.packed(call.takes, probe, kept)
        if one.match.dialect.tensors:
            given = [tensors(value) for value in given]
        if call.kind == "make":
            value = kept[call.owner] = partners.make(call.target)(*given)
        elif call.kind == "function":
            value = partners.make(call.target)(*given)
        elif call.kind == "set":
            value = setattr(kept[call.owner], call.target, *given)
        else:
            value = getattr(kept[call.owner], call.target.split("|")[0])
            value = value(*given) if call.kind == "method" else value
        values.append((call, value))
        parts_of_it: Any = value if len(call.gives) > 1 else [value]
        for term, part in zip(call.gives, parts_of_it, strict=False):
            if isinstance(term, dialects.Kept):
                kept[term.name] = part
    return values, kept


def tensors(value):
    """Arrays as tensors of torch."""
    import torch

    return torch.from_numpy(value) if isinstance(value, np.ndarray) else value


def arrays(value):
    """Tensors of torch as arrays."""
    if isinstance(value, tuple):
        return tuple(arrays(part) for part in value)
    return value.numpy() if hasattr(value, "numpy") else value


def result_of(partners, one, probe):
    """The results of the stand-in for a function, on its own forward function's cache."""
    kept = {}
    if one.function.needs:
        forward = target_of(one.match.dialect, one.forward.function)
        _, kept = called(partners, forward, probe)
    values, _ = called(partners, one, probe, kept)
    return [(call, arrays(value)) for call, value in values]


@pytest.mark.sample(3)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("dialect", "function"), EVERY)
def test_a_stand_in_equals_the_textbook(dialect, function, seed):
    if dialect.tensors:
        pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")
    one, probe = target_of(dialect, function), probe_of(dialect, seed)
    partners = standin.Partners(dialect, {}, {})
    flat = returned.flatten(one, result_of(partners, one, probe), probe)
    assert (flat.problems, flat.notes) == ([], [])
    right = one.expected(probe)
    assert flat.outputs.keys() == right.keys()
    for name, value in right.items():
        assert returned.error(flat.outputs[name], value) < CLOSE, name


# -------------------------------------------------------------------------- the forms of the course

COURSE = KNOWN["course"]
PROBE = probes.draw(0)


def course(name, respelt=None):
    """The stand-in for a function of the course, and what the course calls it with."""
    partners = standin.Partners(COURSE, {}, respelt or {})
    return partners.make(name), target_of(COURSE, COURSE.functions[name]).arguments(PROBE)


@pytest.mark.parametrize("name", ["rnn_cell_forward", "lstm_cell_forward"])
def test_the_cache_of_a_step_holds_the_arrays_themselves(name):
    """As one that is written by hand: what a loop changes in place afterwards shows in it."""
    cell, given = course(name)
    *states, parameters = given
    *results, cache = cell(*given)
    letters = "ac" if name.startswith("lstm") else "a"
    after, before = cache[: len(letters)], cache[len(letters) : 2 * len(letters)]
    for held, result in zip(after, results, strict=False):
        assert held is result
    for held, state in zip(before, states[1:], strict=True):
        assert held is state
    assert cache[-2] is states[0]
    assert cache[-1].keys() == parameters.keys()
    assert all(cache[-1][key] is value for key, value in parameters.items())
    untouched = [np.array(value) for value in results[:-1]]
    states[1][:] = 7.0
    assert np.all(before[0] == 7.0)
    for result, value in zip(results, untouched, strict=False):
        np.testing.assert_array_equal(result, value)


def test_parameters_may_be_called_otherwise():
    """Wu and bu for Wi and bi: in what is given, in caches and in gradients."""
    respelt = dict(COURSE.respelt)
    cell, (xt, a_prev, c_prev, parameters) = course("lstm_cell_forward", respelt)
    backward, _ = course("lstm_cell_backward", respelt)
    other = {match.spelt(name, respelt): value for name, value in parameters.items()}
    assert {"Wu", "bu"} <= other.keys()
    *found, cache = cell(xt, a_prev, c_prev, other)
    assert {"Wu", "bu"} <= cache[-1].keys()
    *right, _ = course("lstm_cell_forward")[0](xt, a_prev, c_prev, parameters)
    for ours, value in zip(found, right, strict=True):
        np.testing.assert_array_equal(ours, value)
    gradients = backward(PROBE.dh_next, PROBE.dc_next, cache)
    expected = target_of(COURSE, COURSE.functions["lstm_cell_backward"]).expected(PROBE)
    assert {"dWu", "dbu"} <= gradients.keys()
    for name, value in expected.items():
        assert returned.error(gradients[match.spelt(name, respelt)], value) < CLOSE, name


def test_arguments_may_be_named():
    cell, (xt, a_prev, parameters) = course("rnn_cell_forward")
    right = cell(xt, a_prev, parameters)
    found = cell(xt, parameters=parameters, a_prev=a_prev)
    np.testing.assert_array_equal(found[0], right[0])
    found = cell(xt=xt, a_prev=a_prev, params=parameters)
    np.testing.assert_array_equal(found[0], right[0])
    layer = standin.Partners(KNOWN["dlfs2"], {}, {}).make("TimeRNN")
    one = target_of(KNOWN["dlfs2"], KNOWN["dlfs2"].functions["TimeRNN.forward"])
    made, called = one.match.calls
    Wx, Wh, b = one.packed(made.takes, PROBE, {})
    (xs,) = one.packed(called.takes, PROBE, {})
    plain = layer(Wx, Wh, b).forward(xs)
    np.testing.assert_array_equal(layer(Wx, Wh, b, stateful=True).forward(xs), plain)


def test_what_does_not_fit_is_said():
    cell, (xt, a_prev, parameters) = course("rnn_cell_forward")
    with pytest.raises(TypeError, match=r"rnn_cell_forward\(xt, a_prev, parameters\) takes 3"):
        cell(xt, a_prev)
    with pytest.raises(TypeError, match="no argument units"):
        cell(xt, a_prev, units=parameters)
    with pytest.raises(ValueError, match="has shape"):
        cell(xt, a_prev[:, :-1], parameters)
    backward, (da_next, cache) = course("rnn_cell_backward")
    with pytest.raises(TypeError, match="it was given 3 entries"):
        backward(da_next, cache[:-1])


def test_names_are_those_of_the_submission():
    partners = standin.Partners(COURSE, {"my_cell": "rnn_cell_forward"}, {})
    _, given = course("rnn_cell_forward")
    found, right = partners.make("my_cell")(*given), partners.make("rnn_cell_forward")(*given)
    np.testing.assert_array_equal(found[0], right[0])
    assert partners.make("somebody_elses") is None
    assert "my_cell" not in partners.offered()
    assert "rnn_cell_forward" in partners.offered()


def test_a_cache_of_ones_own_is_handed_on():
    """Where no cache is prescribed a loop may look into its cell's: it gets that very one."""
    dialect = KNOWN["cs231n"]
    one = target_of(dialect, dialect.functions["rnn_step_forward"])
    given = one.arguments(PROBE)

    def wrong(x, prev_h, Wx, Wh, b):
        return 0 * prev_h, {"mine": x}

    partners = standin.Partners(dialect, {}, {})
    after, cache = partners.make("rnn_step_forward", wrong)(*given)
    assert returned.error(after, one.expected(PROBE)["next_h"]) < CLOSE
    assert cache.keys() == {"mine"}
    backward = target_of(dialect, dialect.functions["rnn_step_backward"])
    (dnext_h,) = backward.packed(backward.match.order[:1], PROBE, {})
    found = partners.make("rnn_step_backward")(dnext_h, cache)
    names = [slot.name for slot in backward.gives]
    for name, value in zip(names, found, strict=True):
        assert returned.error(value, backward.expected(PROBE)[name]) < CLOSE, name
    copy = dict(cache)
    partners.copied({id(cache): copy})
    again = partners.make("rnn_step_backward")(dnext_h, copy)
    np.testing.assert_array_equal(again[0], found[0])


def test_gradients_of_a_stand_in_are_sums_of_means_where_the_dialect_has_them_so():
    """As CMU has them: a second call adds, and each is a mean over the examples."""
    dialect = KNOWN["cmu"]
    cell = standin.Partners(dialect, {}, {}).make("RNNCell")(PROBE.I, PROBE.H)
    one = target_of(dialect, dialect.functions["RNNCell.backward"])
    make, weights, forward, backward, *_ = one.match.calls
    cell.init_weights(*one.packed(weights.takes, PROBE, {}))
    cell.forward(*one.packed(forward.takes, PROBE, {}))
    given = one.packed(backward.takes, PROBE, {})
    once = (cell.backward(*given), cell.dW_ih.copy())[1]
    twice = (cell.backward(*given), cell.dW_ih.copy())[1]
    np.testing.assert_allclose(twice, 2 * once, rtol=1e-15)
    delta = given[0] * (1 - given[1] ** 2)
    np.testing.assert_allclose(once, delta.T @ given[2] / PROBE.B, rtol=1e-12)
    assert make.target == "RNNCell"


def test_activations_stand_in_where_a_course_provides_them():
    offered = standin.Partners(KNOWN["cmu"], {}, {}).offered()
    z = PROBE.z
    for name, value, slope in (
        ("Tanh", np.tanh(z), 1 - np.tanh(z) ** 2),
        ("Sigmoid", 1 / (1 + np.exp(-z)), np.exp(-z) / (1 + np.exp(-z)) ** 2),
        ("ReLU", np.maximum(z, 0), (z > 0).astype(float)),
        ("Identity", z, np.ones_like(z)),
    ):
        one = offered[name]()
        np.testing.assert_allclose(one(z), value, rtol=1e-14)
        np.testing.assert_allclose(one.derivative(), slope, rtol=1e-12)
        np.testing.assert_allclose(one.backward(2 * z), 2 * z * slope, rtol=1e-12)
        np.testing.assert_allclose(one.backward(state=value), slope, rtol=1e-12)
    assert "Tanh" not in standin.Partners(COURSE, {}, {}).offered()
