"""The course functions, both dialects: published numbers, two witnesses, and their borders.

The witnesses are torch's autograd and `handrnn.textbook`; both answer in the names and axes of the
column-major dialect, where x is (n_x, m, T_x).
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy import special

from handrnn import compare, course, textbook
from handrnn.course import batch_first

HERE = Path(__file__).resolve().parent
CASES = {
    case["id"]: case
    for case in json.loads((HERE / "published_course_cases.json").read_text())["cases"]
}
NO_CARRY = CASES["lstm_backward/v1-v3"]
ANOTHER_BA = CASES["rnn_cell_backward/v1-v3"]

RNN, LSTM = "rnn", "lstm"
GATES = {"rnn": ["a"], "lstm": ["f", "i", "c", "o"]}
TOLERANCE = 1e-12
Arrays = dict[str, np.ndarray]


class Sizes(NamedTuple):
    """Sizes of a problem; S is the number of steps that da covers."""

    n_x: int = 3
    n_a: int = 5
    n_y: int = 2
    m: int = 4
    T: int = 7
    S: int = 7


SIZES = {
    "distinct": Sizes(),
    "short da": Sizes(S=6),
    "da of one step": Sizes(S=1),
    "square": Sizes(n_x=5),
    "all equal": Sizes(4, 4, 4, 4, 4, 4),
    "one example": Sizes(m=1),
    "one step": Sizes(T=1, S=1),
    "one unit": Sizes(n_a=1),
    "many steps": Sizes(m=9, T=40, S=40),
}
every_kind = pytest.mark.parametrize("kind", [RNN, LSTM])
every_size = pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
every_witness = pytest.mark.parametrize("witness", ["torch", "textbook"])
both_dialects = pytest.mark.parametrize("dialect", [course, batch_first])


class Problem(NamedTuple):
    """The numbers of one case in the column-major dialect; dc is the gradient of the last c."""

    kind: str
    x: np.ndarray
    a0: np.ndarray
    c0: np.ndarray
    parameters: Arrays
    da: np.ndarray
    dc: np.ndarray


def shapes_of_parameters(kind, sizes):
    """Shapes by name."""
    n_x, n_a, n_y, *_ = sizes
    if kind == RNN:
        shapes = {"Waa": (n_a, n_a), "Wax": (n_a, n_x), "Wya": (n_y, n_a), "ba": (n_a, 1)}
    else:
        shapes = {f"W{gate}": (n_a, n_a + n_x) for gate in GATES[LSTM]}
        shapes |= {f"b{gate}": (n_a, 1) for gate in GATES[LSTM]} | {"Wy": (n_y, n_a)}
    return shapes | {"by": (n_y, 1)}


def draw(kind, sizes=SIZES["distinct"], *, dtype: Any = np.float64, seed=0, c0=False):
    """A problem with nothing at zero but the cell state at the start, and that only if wanted."""
    rng = np.random.default_rng(np.random.SeedSequence((3, seed)))
    n_x, n_a, _, m, T, S = sizes

    def normal(*shape):
        return rng.standard_normal(shape).astype(dtype)

    parameters = {name: normal(*shape) for name, shape in shapes_of_parameters(kind, sizes).items()}
    for name, array in parameters.items():
        if name[0] == "W":
            array /= np.sqrt(n_a)
    x, a0, start, da, end = (
        normal(n_x, m, T), normal(n_a, m), normal(n_a, m), normal(n_a, m, S), normal(n_a, m)
    )  # fmt: skip
    zero = np.zeros_like(start)
    c0, dc = (start, end) if c0 else (zero, zero)
    return Problem(kind, x, a0, c0, parameters, da, dc)


def draw_cell(kind, sizes=SIZES["distinct"], **options):
    """A problem of one step, with a cell state at the start and the gradient of that at the end."""
    return draw(kind, sizes._replace(T=1, S=1), c0=True, **options)


def output_weights(problem):
    """W and b of the output layer."""
    parameters = problem.parameters
    return parameters["Wya" if problem.kind == RNN else "Wy"], parameters["by"]


# --------------------------------------------------------------------------------- the witnesses


def by_textbook(problem):
    """All quantities of a problem, by the textbook."""
    kind, x, a0, c0, parameters, da, dc = problem
    steps, dy, none = x.transpose(2, 0, 1), da.transpose(2, 0, 1), np.zeros_like(a0)
    if kind == RNN:
        theirs = {"Whh": "Waa", "Wxh": "Wax", "bh": "ba"}
        mine = {name: parameters[ours] for name, ours in theirs.items()}
        a, caches = textbook.rnn_forward(steps, a0, mine)
        found = {"a": a}
        gradients = textbook.rnn_backward(dy, none, caches)
    else:
        theirs = {f"{k}{g}": f"{k}{'c' if g == 'g' else g}" for k in "Wb" for g in "figo"}
        mine = {name: parameters[ours] for name, ours in theirs.items()}
        a, c, caches = textbook.lstm_forward(steps, a0, c0, mine)
        found = {"a": a, "c": c}
        gradients = textbook.lstm_backward(dy, none, dc, caches)
        found["dc0"] = gradients["dc0"]
    found["dx"] = gradients["dx"]
    found = {n: v if v.ndim == 2 else v.transpose(1, 2, 0) for n, v in found.items()}
    W, b = output_weights(problem)
    found["y"] = special.softmax(np.einsum("ya,amt->ymt", W, found["a"]) + b[..., None], axis=0)
    found["da0"] = gradients["dh0"]
    return found | {f"d{ours}": gradients[f"d{name}"] for name, ours in theirs.items()}


def torch_forward(torch, kind, p):
    """Hidden and cell states (n_a, m, T_x) of tensors by name, among them x, a0 and c0."""
    a, c, hidden, memory = p["a0"], p["c0"], [], []
    for xt in torch.unbind(p["x"], 2):
        if kind == RNN:
            a = torch.tanh(p["Waa"] @ a + p["Wax"] @ xt + p["ba"])
        else:
            concat = torch.cat([a, xt])
            f, i, o = (torch.sigmoid(p[f"W{g}"] @ concat + p[f"b{g}"]) for g in "fio")
            c = f * c + i * torch.tanh(p["Wc"] @ concat + p["bc"])
            a = o * torch.tanh(c)
        hidden.append(a)
        memory.append(c)
    return torch.stack(hidden, 2), torch.stack(memory, 2)


def tensors(problem):
    """Torch, or a skip that says how to get it; and all that forward is given, by name."""
    torch = pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")
    given = {"x": problem.x, "a0": problem.a0, "c0": problem.c0, **problem.parameters}
    return torch, {n: torch.tensor(array, requires_grad=True) for n, array in given.items()}


def logits_of(torch, kind, a, p):
    """The output layer before its softmax."""
    W, b = (p["Wya"] if kind == RNN else p["Wy"]), p["by"]
    return torch.einsum("ya,amt->ymt", W, a) + b[..., None]


def by_torch(problem):
    """All quantities of a problem, by autograd."""
    kind, S = problem.kind, problem.da.shape[2]
    torch, p = tensors(problem)
    a, c = torch_forward(torch, kind, p)
    loss = (a[..., :S] * torch.tensor(problem.da)).sum()
    loss = loss + (c[..., S - 1] * torch.tensor(problem.dc)).sum()
    loss.backward()
    found = {"a": a, "y": torch.softmax(logits_of(torch, kind, a, p), 0)}
    found |= {"c": c} if kind == LSTM else {}
    found |= {f"d{n}": v.grad for n, v in p.items() if v.grad is not None}
    found["dx"] = found["dx"][..., :S]
    if kind == RNN:
        found.pop("dc0", None)
    return {name: value.detach().numpy() for name, value in found.items()}


WITNESSES = {"torch": by_torch, "textbook": by_textbook}


def close(found, expected, tolerance=TOLERANCE, zeros=()):
    """Normwise, by name; a reference of zeros proves nothing, unless it must be zero."""
    assert found.keys() == expected.keys()
    for name, reference in expected.items():
        assert (np.abs(reference).max() > 0) == (name not in zeros), name
        assert found[name].shape == reference.shape, name
        assert compare.normwise_error(found[name], reference) <= tolerance, name


def zero_gradients(problem):
    """What must be zero: the first forget gate multiplies a cell state of zeros."""
    one_step = problem.da.shape[2] == 1 and not problem.c0.any()
    return ("dWf", "dbf") if problem.kind == LSTM and one_step else ()


def same(found, expected):
    """The same bits under the same names."""
    assert list(found) == list(expected)
    for name in expected:
        assert found[name].dtype == expected[name].dtype, name
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


# ---------------------------------------------------------------------- a problem given to a face


def gradient_names(kind, dialect=course):
    """The keys of what backward of a sequence returns, in order."""
    if dialect is batch_first:
        weights = ["dW_a", "dU_a", "db_a"] if kind == RNN else [f"d{n}" for n in tuple_names(LSTM)]
        return ["dx", "da_init", *(n for n in weights if n[-1] != "y")]
    if kind == RNN:
        return ["dx", "da0", "dWax", "dWaa", "dba"]
    return ["dx", "da0", *(f"d{k}{gate}" for gate in GATES[LSTM] for k in "Wb")]


def cell_gradient_names(kind):
    """The keys of what backward of one step returns, in order."""
    _, _, *weights = gradient_names(kind)
    return ["dxt", "da_prev", *(["dc_prev"] if kind == LSTM else []), *weights]


def run_sequence(problem):
    """Forward and backward of the column-major dialect: everything by name, and the caches."""
    kind, x, a0, _, parameters, da, _ = problem
    if kind == RNN:
        a, y, caches = course.rnn_forward(x, a0, parameters)
        return {"a": a, "y": y}, course.rnn_backward(da, caches), caches
    a, y, c, caches = course.lstm_forward(x, a0, parameters)
    return {"a": a, "y": y, "c": c}, course.lstm_backward(da, caches), caches


def run_cell(problem):
    """The same for one step."""
    kind, x, a0, c0, parameters, da, dc = problem
    xt, da_next = x[..., 0], da[..., 0]
    if kind == RNN:
        a, y, cache = course.rnn_cell_forward(xt, a0, parameters)
        return {"a": a, "y": y}, course.rnn_cell_backward(da_next, cache), cache
    a, c, y, cache = course.lstm_cell_forward(xt, a0, c0, parameters)
    return {"a": a, "y": y, "c": c}, course.lstm_cell_backward(da_next, dc, cache), cache


def tuple_names(kind):
    """Names in the tuple of the batch-first dialect."""
    if kind == RNN:
        return ["W_a", "U_a", "b_a", "W_y", "b_y"]
    return [f"{k}_{gate}" for gate in "fumoy" for k in "Wb"]


def as_column(name: str) -> str:
    """The column-major name of one of those."""
    known = {"W_a": "Wax", "U_a": "Waa", "b_a": "ba", "W_u": "Wi", "b_u": "bi"}
    known |= {"W_m": "Wc", "b_m": "bc"}
    return known.get(name, name.replace("_", ""))


def as_tuple(problem):
    """The tuple of the batch-first dialect."""
    arrays = {n.replace("ya", "y"): array for n, array in problem.parameters.items()}
    names = tuple_names(problem.kind)
    columns = (arrays[as_column(name)] for name in names)
    return tuple(
        np.array(w[:, 0] if name[0] == "b" else w.T) for name, w in zip(names, columns, strict=True)
    )


def swapped(sequence):
    """(features, m, T) as (m, T, features), or back."""
    return sequence.transpose(1, 2, 0)


def run_batch_first(problem):
    """Forward and backward of the batch-first dialect, in the axes and names of the other."""
    kind, x, a0, _, _, da, _ = problem
    given = swapped(x), a0.T, as_tuple(problem)
    if kind == RNN:
        names, outputs = "ay", batch_first.rnn_forward(*given)
        gradients = batch_first.rnn_backward(swapped(da), *given)
    else:
        names, outputs = "acy", batch_first.lstm_forward(*given)
        gradients = batch_first.lstm_backward(swapped(da), *given)
    found = {n: value.transpose(2, 0, 1) for n, value in zip(names, outputs, strict=True)}
    assert list(gradients) == gradient_names(kind, batch_first)
    found |= {"dx": gradients.pop("dx").transpose(2, 0, 1), "da0": gradients.pop("da_init").T}
    for name, gradient in gradients.items():
        column = gradient[:, None] if name[:2] == "db" else gradient.T
        found["d" + as_column(name[1:])] = column
    return found


# ----------------------------------------------------------------------------- published numbers


def drawn(source):
    """The numbers of a case, and the generator that drew them: the one of np.random.seed."""
    rng = np.random.RandomState(source["seed"])
    return {name: rng.randn(*shape) for name, shape in source["draws"].items()}, rng


def prepared(case):
    """The function of a case and its arguments."""
    values, rng = drawn(case)
    values |= {name: np.zeros(shape) for name, shape in case.get("zeros", {}).items()}
    for name, source in case.get("left_behind", {}).items():
        values[name] = drawn(source)[0][name]
    arguments: dict[str, Any] = values | {"parameters": {n: values[n] for n in case["parameters"]}}
    if "forward" in case:
        forward = getattr(course, case["forward"]["function"])
        last = forward(*(arguments[name] for name in case["forward"]["arguments"]))[-1]
        arguments |= {"cache": last, "caches": last}
        arguments |= {name: rng.randn(*shape) for name, shape in case["draws_after"].items()}
    return getattr(course, case["function"]), [arguments[name] for name in case["arguments"]]


def element(results, path):
    """results["a"][4][1:3], say."""
    name, *indices = re.findall(r"[\w:]+", path)
    found = results[name]
    for index in indices:
        start, colon, stop = index.partition(":")
        found = found[slice(int(start), int(stop)) if colon else int(start)]
    return found


def agrees(found, entry):
    """Whether what was found is what an entry of a case says."""
    if "value" in entry:
        value = np.array(entry["value"])
        return found.shape == value.shape and np.abs(found - value).max() <= entry["within"]
    if "shape" in entry:
        return found.shape == tuple(entry["shape"])
    return len(found) == entry["length"]


def test_the_cases_are_complete():
    standings = [case["standing"] for case in CASES.values()]
    assert len(standings) == 13
    assert standings.count("current") == 11
    assert {c["function"] for c in CASES.values()} == {
        f"{kind}{cell}_{way}"
        for kind in (RNN, LSTM)
        for cell in ("_cell", "")
        for way in ("forward", "backward")
    }


@pytest.mark.parametrize("name", [n for n, c in CASES.items() if c is not NO_CARRY])
def test_published_numbers(name):
    """To the last printed digit, and also the early one that is right, but for another ba."""
    case = CASES[name]
    function, arguments = prepared(case)
    returned = function(*arguments)
    results = dict(zip(case["returns"], returned, strict=True)) if "returns" in case else returned
    for entry in case["expect"]:
        assert agrees(element(results, entry["of"]), entry), entry


def test_the_early_cell_gradients_belong_to_another_bias():
    """With the bias that was drawn for it, no number of that case comes out."""
    case = {key: value for key, value in ANOTHER_BA.items() if key != "left_behind"}
    case["draws"] = {"ba" if n == "b_unused" else n: s for n, s in case["draws"].items()}
    function, arguments = prepared(case)
    results = function(*arguments)
    assert not any(agrees(element(results, entry["of"]), entry) for entry in case["expect"])
    current = CASES["rnn_cell_backward/v3a+"]  # these are the numbers of the later editions
    assert all(agrees(element(results, entry["of"]), entry) for entry in current["expect"])


def no_carry(da, caches):
    """The gradients of each step by itself: nothing is handed on from a step to the one before."""
    steps = []
    for t in range(da.shape[2]):
        a_next, c_next, a_prev, c_prev, f, i, g, o, xt, p = caches[0][t]
        cache = {"i": i, "f": f, "g": g, "o": o, "c_prev": c_prev, "c_next": c_next}
        cache |= {"concat": np.concatenate([a_prev, xt]), "h_prev": a_prev, "h_full": a_next}
        cache["parameters"] = {
            f"{k}{'g' if n == 'c' else n}": p[f"{k}{n}"] for k in "Wb" for n in "fico"
        }
        steps.append(textbook.lstm_cell_backward(da[..., t], np.zeros_like(c_next), cache))
    return steps


def test_the_early_gradients_of_the_lstm_carry_nothing_back_in_time():
    """What early editions printed for lstm_backward is not the gradient, and not what is found."""
    function, arguments = prepared(NO_CARRY)
    steps = no_carry(*arguments)
    sums = {n: sum(step[n] for step in steps) for n in steps[0]}
    wrong = {"dx": np.stack([step["dxt"] for step in steps], axis=2), "da0": steps[0]["dh_prev"]}
    wrong |= {n.replace("g", "c"): value for n, value in sums.items() if n[1] in "Wb"}
    for entry in [*NO_CARRY["expect"], *NO_CARRY["biases_without_carry"]]:
        assert agrees(element(wrong, entry["of"]), entry), entry
    for entry in NO_CARRY["biases_wrong_once_more"]:
        first = steps[0][entry["of"].partition("[")[0].replace("c", "g")]
        again = {entry["of"].partition("[")[0]: sums["dbf"] + first}
        assert agrees(element(again, entry["of"]), entry), entry

    right = function(*arguments)
    x, a0 = arguments[1][1], arguments[1][0][0][2]
    parameters = arguments[1][0][0][9]
    zero = np.zeros_like(a0)
    problem = Problem(LSTM, x, a0, zero, parameters, arguments[0], zero)
    expected = by_textbook(problem)
    close(right, {name: expected[name] for name in right})
    for key in ("expect", "biases_wrong_once_more", "biases_without_carry"):
        for entry in NO_CARRY[key]:
            found, value = element(right, entry["of"]), np.array(entry["value"])
            if entry["of"] == "dx[1][2]":  # to the last step nothing is handed back
                assert abs(found[-1] - value[-1]) <= entry["within"]
                found, value = found[:-1], value[:-1]
            assert np.all(np.abs(found - value) > 1e-3), entry


# ---------------------------------------------------------------------- every output and gradient


@pytest.mark.sample(3)
@every_kind
@every_size
@every_witness
def test_sequences(kind, sizes, witness):
    problem = draw(kind, sizes)
    outputs, gradients, _ = run_sequence(problem)
    assert list(gradients) == gradient_names(kind)
    expected = WITNESSES[witness](problem)
    expected.pop("dc0", None)
    close(outputs | gradients, expected, zeros=zero_gradients(problem))


@pytest.mark.sample(3)
@every_kind
@every_size
@every_witness
def test_cells(kind, sizes, witness):
    problem = draw_cell(kind, sizes)
    outputs, gradients, _ = run_cell(problem)
    assert list(gradients) == cell_gradient_names(kind)
    expected = {
        n: v[..., 0] if n in ("a", "y", "c", "dx") else v
        for n, v in WITNESSES[witness](problem).items()
    }
    names = {"dx": "dxt", "da0": "da_prev", "dc0": "dc_prev"}
    close(outputs | gradients, {names.get(n, n): v for n, v in expected.items()})


@pytest.mark.sample(3)
@every_kind
@every_size
@every_witness
def test_sequences_batch_first(kind, sizes, witness):
    problem = draw(kind, sizes)
    expected = WITNESSES[witness](problem)
    expected.pop("dc0", None)
    close(run_batch_first(problem), expected, zeros=zero_gradients(problem))


@pytest.mark.sample(3)
@every_kind
@every_size
@every_witness
def test_cells_batch_first(kind, sizes, witness):
    problem = draw_cell(kind, sizes)
    expected = WITNESSES[witness](problem)
    xt, a_prev, m_prev = problem.x[..., 0].T, problem.a0.T, problem.c0.T
    if kind == RNN:
        found = batch_first.rnn_cell_forward(xt, a_prev, as_tuple(problem))
        names = "ay"
    else:
        found = batch_first.lstm_cell_forward(xt, a_prev, m_prev, as_tuple(problem))
        names = "acy"
    columns = {n: value.T for n, value in zip(names, found, strict=True)}
    close(columns, {n: expected[n][..., 0] for n in names})


@every_kind
def test_a_short_da_is_a_loss_of_the_first_steps(kind):
    """What happens later changes no gradient; a longer da of zeros says the same."""
    sizes = SIZES["distinct"]._replace(S=3)
    problem = draw(kind, sizes)
    _, short, _ = run_sequence(problem)
    _, cut, _ = run_sequence(problem._replace(x=problem.x[..., :3]))
    close(short, cut)
    padded = np.concatenate([problem.da, np.zeros((sizes.n_a, sizes.m, sizes.T - 3))], axis=2)
    _, whole, _ = run_sequence(problem._replace(da=padded))
    assert not whole["dx"][..., 3:].any()
    close(short, whole | {"dx": whole["dx"][..., :3]})


@every_kind
def test_a_sequence_is_its_steps(kind):
    """The sequence functions and the cells of both dialects tell the same story."""
    problem = draw(kind)
    outputs, _, caches = run_sequence(problem)
    a_prev, c_prev = problem.a0, problem.c0
    for t in range(problem.x.shape[2]):
        one = problem._replace(x=problem.x[..., t : t + 1], a0=a_prev, c0=c_prev)
        step, _, cache = run_cell(one)
        close(step, {name: value[..., t] for name, value in outputs.items()})
        for ours, theirs in zip(cache[:-1], caches[0][t][:-1], strict=True):
            if theirs.any():
                close({"entry": ours}, {"entry": theirs})
        a_prev, c_prev = step["a"], step.get("c", c_prev)


# ------------------------------------------------------------------------------------ the caches


def expected_caches(problem):
    """The documented entries of every step's cache, without the parameters, by the textbook."""
    expected, a_prev, c_prev, p = by_textbook(problem), problem.a0, problem.c0, problem.parameters
    steps = []
    for t in range(problem.x.shape[2]):
        xt, a_next = problem.x[..., t], expected["a"][..., t]
        if problem.kind == RNN:
            steps.append((a_next, a_prev, xt))
        else:
            concat, c_next = np.concatenate([a_prev, xt]), expected["c"][..., t]
            z = {g: p[f"W{g}"] @ concat + p[f"b{g}"] for g in "fico"}
            f, i, o = (special.expit(z[g]) for g in "fio")
            steps.append((a_next, c_next, a_prev, c_prev, f, i, np.tanh(z["c"]), o, xt))
            c_prev = c_next
        a_prev = a_next
    return steps


@every_kind
@every_size
def test_caches_hold_what_is_documented_in_that_order(kind, sizes):
    problem = draw(kind, sizes)
    _, _, caches = run_sequence(problem)
    assert type(caches) is tuple
    steps, x = caches
    assert type(steps) is list
    np.testing.assert_array_equal(x, problem.x)
    for step, expected in zip(steps, expected_caches(problem), strict=True):
        assert type(step) is tuple
        *entries, parameters = step
        for found, wanted in zip(entries, expected, strict=True):
            assert type(found) is np.ndarray
            assert found.shape == wanted.shape
            assert compare.normwise_error(found, wanted) <= TOLERANCE
        same(parameters, problem.parameters)


@every_kind
def test_the_cache_of_a_cell_holds_what_is_documented(kind):
    problem = draw_cell(kind)
    *entries, parameters = run_cell(problem)[2]
    (expected,) = expected_caches(problem)
    close(dict(enumerate(entries)), dict(enumerate(expected)))
    same(parameters, problem.parameters)


def own_caches(problem) -> Any:
    """Caches of a caller's own cells: plain tuples, each of arrays of its own."""
    steps = [
        (*(entry.copy() for entry in entries), problem.parameters)
        for entries in expected_caches(problem)
    ]
    return steps, problem.x


@pytest.mark.sample(3)
@every_kind
@every_size
@every_witness
def test_own_caches_are_all_that_backward_needs(kind, sizes, witness):
    problem = draw(kind, sizes)
    backward = course.rnn_backward if kind == RNN else course.lstm_backward
    gradients = backward(problem.da, own_caches(problem))
    expected = WITNESSES[witness](problem)
    expected = {name: expected[name] for name in gradient_names(kind)}
    close(gradients, expected, zeros=zero_gradients(problem))


@every_kind
@every_size
def test_a_cell_goes_back_from_own_caches(kind, sizes):
    problem = draw_cell(kind, sizes)
    ((cache,), _), (da_next,) = own_caches(problem), np.moveaxis(problem.da, 2, 0)
    if kind == RNN:
        gradients = course.rnn_cell_backward(da_next, cache)
    else:
        gradients = course.lstm_cell_backward(da_next, problem.dc, cache)
    _, expected, _ = run_cell(problem)
    close(gradients, expected)


@every_kind
def test_caches_of_our_cells_are_caches_of_a_sequence(kind):
    """A loop over the cells, written by the caller, leads to the same gradients."""
    problem = draw(kind)
    a_prev, c_prev, steps = problem.a0, problem.c0, []
    for t in range(problem.x.shape[2]):
        one = problem._replace(x=problem.x[..., t : t + 1], a0=a_prev, c0=c_prev)
        outputs, _, cache = run_cell(one)
        steps.append(cache)
        a_prev, c_prev = outputs["a"], outputs.get("c", c_prev)
    backward = course.rnn_backward if kind == RNN else course.lstm_backward
    _, expected, _ = run_sequence(problem)
    close(backward(problem.da, (steps, problem.x)), expected)


def renamed(parameters):
    """The names of editions that call the input gate an update gate."""
    other = {"Wi": "Wu", "bi": "bu"}
    return {other.get(name, name): array for name, array in parameters.items()}


@pytest.mark.parametrize("run", [run_sequence, run_cell])
def test_the_update_gate_is_answered_in_the_callers_names(run):
    problem = draw_cell(LSTM) if run is run_cell else draw(LSTM)
    outputs, gradients, _ = run(problem)
    other = problem._replace(parameters=renamed(problem.parameters))
    other_outputs, other_gradients, cache = run(other)
    same(other_outputs, outputs)
    names = {"dWi": "dWu", "dbi": "dbu"}
    same(other_gradients, {names.get(n, n): v for n, v in gradients.items()})
    last = cache if run is run_cell else cache[0][-1]
    same(last[-1], other.parameters)


# -------------------------------------------------------------- what is shared and what is changed


def arrays_in(thing):
    """All arrays in nested tuples, lists and dicts."""
    if isinstance(thing, np.ndarray):
        return [thing]
    parts = thing.values() if isinstance(thing, dict) else thing
    return [array for part in parts for array in arrays_in(part)]


def frozen(problem):
    """The problem with arrays that cannot be written to."""
    for array in arrays_in(problem[1:]):
        array.setflags(write=False)
    return problem


@every_kind
@pytest.mark.parametrize("sizes", [SIZES["distinct"], SIZES["one example"], SIZES["one step"]])
@pytest.mark.parametrize("run", [run_sequence, run_cell])
def test_outputs_share_memory_with_nothing(kind, sizes, run):
    problem = draw(kind, sizes)
    if run is run_cell:
        problem = draw_cell(kind, sizes)
    outputs, gradients, caches = run(problem)
    mine = [*outputs.values(), *gradients.values()]
    others = [*arrays_in(caches), *arrays_in(problem[1:])]
    for k, array in enumerate(mine):
        assert array.flags.writeable
        for other in [*mine[:k], *others]:
            assert not np.shares_memory(array, other)


@every_kind
@pytest.mark.parametrize("sizes", [SIZES["distinct"], SIZES["one example"], SIZES["one step"]])
def test_outputs_batch_first_share_memory_with_nothing(kind, sizes):
    problem = draw(kind, sizes)
    given = swapped(problem.x), problem.a0.T, as_tuple(problem)
    step = given[0][:, 0], problem.a0.T
    da = swapped(problem.da)
    if kind == RNN:
        outputs = batch_first.rnn_forward(*given), batch_first.rnn_cell_forward(*step, given[2])
        gradients = batch_first.rnn_backward(da, *given)
    else:
        cell = batch_first.lstm_cell_forward(*step, problem.c0.T, given[2])
        outputs = batch_first.lstm_forward(*given), cell
        gradients = batch_first.lstm_backward(da, *given)
    mine, others = arrays_in([outputs, gradients]), [*arrays_in(given), da, problem.c0]
    for k, array in enumerate(mine):
        assert array.flags.writeable
        for other in [*mine[:k], *others]:
            assert not np.shares_memory(array, other)


@every_kind
def test_an_output_may_be_overwritten_before_backward(kind):
    problem = draw(kind)
    _, expected, _ = run_sequence(problem)
    outputs, _, caches = run_sequence(problem)
    for array in outputs.values():
        array[...] = -77
    backward = course.rnn_backward if kind == RNN else course.lstm_backward
    first = backward(problem.da, caches)
    same(first, expected)
    for array in first.values():
        array[...] = -77
    same(backward(problem.da, caches), expected)


@every_kind
def test_nothing_given_is_changed(kind):
    for make, run in ((draw, run_sequence), (draw_cell, run_cell), (draw, run_batch_first)):
        problem, untouched = frozen(make(kind)), make(kind)
        names = list(problem.parameters)
        run(problem)
        assert list(problem.parameters) == names
        for found, before in zip(arrays_in(problem[1:]), arrays_in(untouched[1:]), strict=True):
            np.testing.assert_array_equal(found, before)


@every_kind
def test_backward_leaves_own_caches_alone(kind):
    problem = draw(kind)
    caches, untouched = own_caches(problem), own_caches(draw(kind))
    for array in arrays_in(caches):
        array.setflags(write=False)
    (course.rnn_backward if kind == RNN else course.lstm_backward)(problem.da, caches)
    for found, before in zip(arrays_in(caches), arrays_in(untouched), strict=True):
        np.testing.assert_array_equal(found, before)


@every_kind
def test_float32_stays_float32(kind):
    for make, run in ((draw, run_sequence), (draw_cell, run_cell)):
        outputs, gradients, caches = run(make(kind, dtype=np.float32))
        found = arrays_in([outputs, gradients, caches])
        assert {array.dtype for array in found} == {np.dtype(np.float32)}
        exact = run(doubled(make(kind, dtype=np.float32)))
        close(outputs | gradients, exact[0] | exact[1], tolerance=1e-5)
    found = run_batch_first(draw(kind, dtype=np.float32))
    assert {array.dtype for array in found.values()} == {np.dtype(np.float32)}


def doubled(problem):
    """The same numbers in float64."""
    arrays = {n: v.astype(np.float64) for n, v in problem._asdict().items() if n[0] not in "kp"}
    parameters = {n: w.astype(np.float64) for n, w in problem.parameters.items()}
    return problem._replace(**arrays, parameters=parameters)


# --------------------------------------------------------------------- softmax, sigmoid and clip


@both_dialects
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax(dialect, dtype):
    """Down the columns in one dialect, along the rows in the other."""
    z = np.array([[1, -2, 1000, 0], [3, 0.5, -1000, 0], [2, 2, 999, 1]], dtype)
    axis = 0 if dialect is course else 1
    before = z.copy()
    found = dialect.softmax(z)
    np.testing.assert_array_equal(z, before)
    assert found.dtype == dtype
    assert not np.shares_memory(found, z)
    expected = special.softmax(z.astype(np.float64), axis=axis)
    close({"softmax": found}, {"softmax": expected}, 4 * np.finfo(dtype).eps)
    np.testing.assert_allclose(found.sum(axis=axis), 1, rtol=4 * np.finfo(dtype).eps)
    assert not np.allclose(found, special.softmax(z, axis=1 - axis))


@both_dialects
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid(dialect, dtype):
    z = np.array([[-1000, -2, -1e-3], [0, 3, 1000]], dtype)
    before = z.copy()
    found = dialect.sigmoid(z)
    np.testing.assert_array_equal(z, before)
    assert found.dtype == dtype
    assert not np.shares_memory(found, z)
    close({"sigmoid": found}, {"sigmoid": special.expit(z)}, 4 * np.finfo(dtype).eps)


def test_clip_cuts_every_element_in_place():
    rng = np.random.default_rng(0)
    gradients = {"dWaa": rng.standard_normal((4, 4)) * 10, "db": rng.standard_normal((4, 1)) * 10}
    expected = {name: np.clip(array, -5, 5) for name, array in gradients.items()}
    inside = {name: np.abs(array) < 5 for name, array in gradients.items()}
    assert all(where.any() and not where.all() for where in inside.values())
    given = dict(gradients)
    clipped = course.clip(gradients, 5)
    same(clipped, expected)
    for name, array in given.items():
        assert clipped[name] is array
        np.testing.assert_array_equal(array, expected[name])


# ------------------------------------------------------------------------------ the sequence loss


def targets(sizes, one_hot, seed=0):
    """A class for every example and step, as numbers (m, T_x) or one-hot (n_y, m, T_x)."""
    rng = np.random.default_rng(np.random.SeedSequence((4, seed)))
    numbers = rng.integers(sizes.n_y, size=(sizes.m, sizes.T))
    return np.moveaxis(np.eye(sizes.n_y)[numbers], -1, 0) if one_hot else numbers


def loss_by_numpy(y_pred, y):
    """The loss of all steps and examples, one at a time, from the numbers of the classes."""
    m, T = y.shape
    return -sum(np.log(y_pred[y[k, t], k, t]) for k in range(m) for t in range(T))


@pytest.mark.sample(3)
@every_kind
@every_size
@pytest.mark.parametrize("one_hot", [True, False])
def test_sequence_loss(kind, sizes, one_hot):
    problem = draw(kind, sizes)
    y_pred = run_sequence(problem)[0]["y"]
    found = course.sequence_loss(y_pred, targets(sizes, one_hot))
    expected = loss_by_numpy(y_pred, targets(sizes, one_hot=False))
    assert abs(found - expected) <= TOLERANCE * expected
    assert np.ndim(found) == 0


@pytest.mark.sample(3)
@every_kind
@every_size
@pytest.mark.parametrize("one_hot", [True, False])
def test_sequence_loss_backward_without_torch(kind, sizes, one_hot):
    """y_pred - y through the output layer, one step at a time."""
    problem = draw(kind, sizes)
    outputs, _, _ = run_sequence(problem)
    a, y_pred, y = outputs["a"], outputs["y"], targets(sizes, one_hot=True)
    W, b = output_weights(problem)
    name = "dWya" if kind == RNN else "dWy"
    found = course.sequence_loss_backward(y_pred, targets(sizes, one_hot), a, problem.parameters)
    assert list(found) == ["da", name, "dby"]
    expected = {"da": np.zeros_like(a), name: np.zeros_like(W), "dby": np.zeros_like(b)}
    for t in range(sizes.T):
        dz = y_pred[..., t] - y[..., t]
        expected["da"][..., t] = W.T @ dz
        expected[name] += dz @ a[..., t].T
        expected["dby"] += dz.sum(axis=1, keepdims=True)
    close(found, expected)


@pytest.mark.sample(4)
@every_kind
@every_size
@pytest.mark.parametrize("one_hot", [True, False])
def test_a_network_trained_with_these_functions_has_torchs_gradients(kind, sizes, one_hot):
    """Loss and gradients with respect to every parameter, x and a0, through the whole pipeline."""
    problem = draw(kind, sizes)
    torch, p = tensors(problem)
    loss, found = pipeline(problem, targets(sizes, one_hot))

    a, _ = torch_forward(torch, kind, p)
    logits = logits_of(torch, kind, a, p).permute(1, 0, 2)  # (m, n_y, T_x)
    numbers = torch.tensor(targets(sizes, one_hot=False))
    expected = torch.nn.functional.cross_entropy(logits, numbers, reduction="sum")
    expected.backward()
    assert abs(loss - expected.item()) <= TOLERANCE * expected.item()
    gradients = {f"d{n}": v.grad.numpy() for n, v in p.items() if n != "c0"}
    close(found, gradients, zeros=zero_gradients(problem._replace(da=problem.x)))


def pipeline(problem, y):
    """Loss and all gradients: x, a0 and the parameters in their order."""
    kind, x, a0, _, parameters, *_ = problem
    if kind == RNN:
        a, y_pred, caches = course.rnn_forward(x, a0, parameters)
    else:
        a, y_pred, _, caches = course.lstm_forward(x, a0, parameters)
    gradients = course.sequence_loss_backward(y_pred, y, a, parameters)
    backward = course.rnn_backward if kind == RNN else course.lstm_backward
    gradients |= backward(gradients["da"], caches)
    names = ["dx", "da0", *(f"d{name}" for name in parameters)]
    return course.sequence_loss(y_pred, y), {name: gradients[name] for name in names}


@pytest.mark.sample(4)
@every_kind
def test_a_network_trained_with_these_functions_has_the_slopes_of_its_loss(kind):
    """Differences of the loss: five points, so that they are good to about ten digits."""
    sizes = SIZES["distinct"]
    problem, y, step = draw(kind), targets(sizes, one_hot=False), 1e-3
    _, found = pipeline(problem, y)
    expected = {}
    for name, array in {"x": problem.x, "a0": problem.a0, **problem.parameters}.items():
        slope = expected[f"d{name}"] = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            value = array[index]
            for k, weight in ((1, 8), (-1, -8), (2, -1), (-2, 1)):
                array[index] = value + k * step
                slope[index] += weight * pipeline(problem, y)[0] / (12 * step)
            array[index] = value
    close(found, expected, tolerance=1e-9)


def test_a_network_trained_with_these_functions_learns():
    sizes = SIZES["distinct"]
    problem, y = draw(LSTM), targets(sizes, one_hot=False)
    first, _ = pipeline(problem, y)
    loss = first
    for _ in range(60):
        loss, gradients = pipeline(problem, y)
        course.clip(gradients, 1)
        for name, array in problem.parameters.items():
            array -= 0.1 * gradients[f"d{name}"]
    assert loss < 0.5 * first


@every_kind
@pytest.mark.parametrize("one_hot", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_loss_shares_and_changes_nothing_and_keeps_the_dtype(kind, one_hot, dtype):
    sizes = SIZES["distinct"]
    problem = draw(kind, dtype=dtype)
    outputs, _, _ = run_sequence(problem)
    y = targets(sizes, one_hot)
    y = y.astype(dtype) if one_hot else y
    given = [outputs["y"], y, outputs["a"], *problem.parameters.values()]
    before = [array.copy() for array in given]
    for array in given:
        array.setflags(write=False)
    loss = course.sequence_loss(outputs["y"], y)
    gradients = course.sequence_loss_backward(outputs["y"], y, outputs["a"], problem.parameters)
    mine = list(gradients.values())
    assert {np.asarray(value).dtype for value in [loss, *mine]} == {np.dtype(dtype)}
    for k, array in enumerate(mine):
        assert not any(np.shares_memory(array, other) for other in [*mine[:k], *given])
    for array, was in zip(given, before, strict=True):
        np.testing.assert_array_equal(array, was)


# ------------------------------------------------------------------------------------- the border


def arguments_of(name):
    """Arguments by name of a function of the column-major dialect, all as they should be."""
    kind = name.partition("_")[0]
    problem, step = draw(kind), draw_cell(kind)
    xt, a_prev, c_prev, parameters = step.x[..., 0], step.a0, step.c0, dict(problem.parameters)
    da_next, dc_next = step.da[..., 0], step.dc
    forward = {"xt": xt, "a_prev": a_prev, "c_prev": c_prev, "parameters": parameters}
    backward = {"da_next": da_next, "dc_next": dc_next, "cache": own_caches(step)[0][0]}
    if kind == RNN:
        del forward["c_prev"], backward["dc_next"]
    return {
        f"{kind}_cell_forward": forward,
        f"{kind}_cell_backward": backward,
        f"{kind}_forward": {"x": problem.x, "a0": problem.a0, "parameters": parameters},
        f"{kind}_backward": {"da": problem.da, "caches": own_caches(problem)},
    }[name]


def cache_with(cache, name, value):
    """A cache with one entry changed."""
    names = CACHE[RNN if len(cache) == len(CACHE[RNN]) else LSTM]
    return tuple(value if entry == name else old for entry, old in zip(names, cache, strict=True))


CACHE = {
    RNN: ["a_next", "a_prev", "xt", "parameters"],
    LSTM: ["a_next", "c_next", "a_prev", "c_prev", "ft", "it", "cct", "ot", "xt", "parameters"],
}


def changed_call(name, argument, value):
    """Call a function with one thing changed: an argument, a parameter or an entry of a cache."""
    kind, arguments = name.partition("_")[0], arguments_of(name)
    if argument in arguments:
        arguments[argument] = value
    elif argument in draw(kind).parameters and "parameters" in arguments:
        arguments["parameters"][argument] = value
    else:
        caches = [arguments["cache"]] if "cache" in arguments else arguments["caches"][0]
        if argument in draw(kind).parameters:
            value = draw(kind).parameters | {argument: value}
            argument = "parameters"
        caches = [cache_with(cache, argument, value) for cache in caches]
        if "cache" in arguments:
            arguments["cache"] = caches[0]
        else:
            arguments["caches"] = (caches, arguments["caches"][1])
    return getattr(course, name)(**arguments)


def wrong_shapes():
    """(function, argument, shape, the shape that is needed)."""
    weights = {
        kind: [
            (name, (shape[0] + more, shape[1] + (1 - more)), shape)
            for name, shape in shapes_of_parameters(kind, SIZES["distinct"]).items()
            for more in (0, 1)
            if not (name in ("Wya", "Wy") and more)  # then it is by that does not fit
            and not (name == "Wax" and not more)  # then it is x
        ]
        + [(name, (5,), (5, 1)) for name in ({RNN: ["ba"], LSTM: ["bf", "bi", "bc", "bo"]}[kind])]
        for kind in (RNN, LSTM)
    }
    for kind, wrong in weights.items():
        hidden = [(5, 8), (6, 4), (5, 1), (5,)]
        for function in (f"{kind}_forward", f"{kind}_cell_forward"):
            yield from ((function, *each) for each in wrong)
        inner = [w for w in wrong if w[0] not in ("Wya", "Wy", "by") and len(w[1]) == 2]
        for function in (f"{kind}_backward", f"{kind}_cell_backward"):
            yield from ((function, *each) for each in inner)
        yield from ((f"{kind}_forward", "a0", shape, (5, 4)) for shape in hidden)
        for state in ("a_prev", "c_prev")[: len(CACHE[kind]) // 4]:
            yield from ((f"{kind}_cell_forward", state, shape, (5, 4)) for shape in hidden)
        for entry in CACHE[kind][:-2]:
            yield from ((f"{kind}_cell_backward", entry, shape, (5, 4)) for shape in hidden)
        yield f"{kind}_cell_backward", "xt", (3, 1), (3, 4)
        yield f"{kind}_cell_backward", "da_next", (5, 1), (5, 4)
        yield f"{kind}_backward", "da", (6, 4, 7), (5, 4, 7)
        yield f"{kind}_backward", "da", (5, 1, 7), (5, 4, 7)
    yield "lstm_cell_backward", "dc_next", (5, 1), (5, 4)
    yield "lstm_cell_backward", "dc_next", (1, 4), (5, 4)


FUNCTIONS_OF_RNN = [
    f"rnn_{way}" for way in ("forward", "cell_forward", "backward", "cell_backward")
]


@pytest.mark.sample(6)
@pytest.mark.parametrize(("function", "argument", "shape", "needed"), list(wrong_shapes()))
def test_wrong_shapes_are_named(function, argument, shape, needed):
    message = rf"^{argument} is {re.escape(str(shape))}: {re.escape(str(needed))} is needed"
    with pytest.raises(ValueError, match=message):
        changed_call(function, argument, np.ones(shape))


@every_kind
def test_the_features_of_x_are_those_of_the_weights(kind):
    """Both cells say so, beside the weights."""
    W = {RNN: r"Wax \(5, 3\)", LSTM: r"Wf \(5, 8\)"}[kind]
    for function, name, more in (("forward", "x", (7,)), ("cell_forward", "xt", ())):
        wrong, right = ((n, 4, *more) for n in (8, 3))
        sizes = rf"^{name} is {re.escape(str(wrong))}: {re.escape(str(right))} is needed"
        with pytest.raises(ValueError, match=f"{sizes}, .*, beside {W} and "):
            changed_call(f"{kind}_{function}", name, np.ones(wrong))
    with pytest.raises(ValueError, match=rf"^xt is \(8, 4\): \(3, 4\) is .*, beside {W} and "):
        changed_call(f"{kind}_cell_backward", "xt", np.ones((8, 4)))
    for function, x in (("forward", "x"), ("cell_forward", "x_t"), ("backward", "x")):
        wrong, right = ((4, 8), (4, 3)) if x == "x_t" else ((4, 7, 8), (4, 7, 3))
        sizes = rf"^{x} is {re.escape(str(wrong))}: {re.escape(str(right))} is needed"
        with pytest.raises(ValueError, match=sizes):
            batch_first_call(f"{kind}_{function}", kind, **{x: np.ones(wrong)})


@pytest.mark.parametrize("name", FUNCTIONS_OF_RNN)
def test_weights_of_other_features_stand_beside_x(name):
    """Nothing says which of the two is wrong."""
    with pytest.raises(ValueError, match=r"^xt? is \(3, 4.* beside Wax \(5, 4\)"):
        changed_call(name, "Wax", np.ones((5, 4)))


@every_kind
@pytest.mark.parametrize("shape", [(8, 4, 7), (3, 9, 7), (3, 4), (3, 4, 7, 1)])
def test_an_x_that_does_not_fit_is_named(kind, shape):
    """Whichever is wrong, x or what stands beside it: the message has both."""
    with pytest.raises(ValueError, match="is needed") as caught:
        changed_call(f"{kind}_forward", "x", np.ones(shape))
    assert f"x is {shape}" in str(caught.value) or f"x {shape}" in str(caught.value)


@every_kind
def test_a_step_of_x_that_does_not_fit_is_named(kind):
    for shape in ((8, 4), (3, 9), (3,), (3, 4, 1)):
        with pytest.raises(ValueError, match="is needed") as caught:
            changed_call(f"{kind}_cell_forward", "xt", np.ones(shape))
        assert f"xt is {shape}" in str(caught.value) or f"xt {shape}" in str(caught.value)


FUNCTIONS = sorted({case["function"] for case in CASES.values()})
ARRAYS = [
    (name, argument)
    for name in FUNCTIONS
    for argument in (*arguments_of(name), *arguments_of(name).get("parameters", {}))
    if argument not in ("parameters", "cache", "caches")
]


@pytest.mark.parametrize(("function", "argument"), ARRAYS)
def test_lists_and_integers_are_refused(function, argument):
    arguments = arguments_of(function)
    array = arguments.get(argument, arguments.get("parameters", {}).get(argument))
    with pytest.raises(TypeError, match=rf"^{argument} is of type list: a NumPy array \("):
        changed_call(function, argument, array.tolist())
    for dtype in (np.int64, np.bool_, np.float16, np.complex128, object):
        size = re.escape(str(array.shape))
        message = rf"^{argument} {size} is {np.dtype(dtype)}: float32 or float64 is needed"
        with pytest.raises(TypeError, match=message):
            changed_call(function, argument, array.astype(dtype))


@every_kind
def test_entries_of_caches_are_checked(kind):
    for function in (f"{kind}_cell_backward", f"{kind}_backward"):
        for entry in CACHE[kind][:-1]:
            with pytest.raises(TypeError, match=f"{entry} is of type list"):
                changed_call(function, entry, [1.0])
            with pytest.raises(TypeError, match=rf"{entry} .*is int64: float32 or float64"):
                changed_call(function, entry, np.ones((5, 4), int))
        with pytest.raises(TypeError, match=r"parameters in cache.* is of type list: a dict of"):
            changed_call(function, "parameters", [1.0])


@pytest.mark.parametrize(
    ("kind", "entry"), [(kind, entry) for kind in CACHE for entry in CACHE[kind][:-1]]
)
def test_a_wrong_shape_in_one_step_of_the_caches_is_named(kind, entry):
    """Also in the middle of a sequence."""
    problem = draw(kind)
    steps, x = own_caches(problem)
    steps[3] = cache_with(steps[3], entry, np.ones((6, 9)))
    backward = course.rnn_backward if kind == RNN else course.lstm_backward
    with pytest.raises(ValueError, match=rf"{entry}.*\(6, 9\)"):
        backward(problem.da, (steps, x))


@every_kind
def test_caches_of_another_form_are_refused(kind):
    problem = draw(kind)
    steps, x = own_caches(problem)
    backward = course.rnn_backward if kind == RNN else course.lstm_backward
    names = re.escape(f"({', '.join(CACHE[kind])})")
    for wrong, error, message in (
        ((steps, x, x), ValueError, "caches has 3 entries: "),
        (steps, ValueError, "caches has 7 entries: "),
        ({"a": x}, TypeError, "caches is of type dict: "),
        (([dict(enumerate(c)) for c in steps], x), TypeError, rf"type dict: .*{names}"),
        (([c[1:] for c in steps], x), ValueError, rf"has \d entries: {names} is needed"),
        (([*steps[:3], steps[3][:-1], *steps[4:]], x), ValueError, rf"\d entries: {names}"),
    ):
        with pytest.raises(error, match=message):
            backward(problem.da, wrong)
    with pytest.raises(ValueError, match=r"has \d entries: "):
        changed_call(f"{kind}_cell_backward", "cache", steps[0][1:])
    with pytest.raises(ValueError, match="a_prev"):  # no step follows another
        backward(problem.da, (steps[::-1], x))


@every_kind
def test_a_da_of_more_steps_than_there_are_is_refused(kind):
    message = r"da is \(5, 4, 8\), .* with 8 steps: .* has 7"
    with pytest.raises(ValueError, match=message):
        changed_call(f"{kind}_backward", "da", np.ones((5, 4, 8)))
    with pytest.raises(ValueError, match=r"da is \(5, 4\): \(n_a, m, T\) is needed"):
        changed_call(f"{kind}_backward", "da", np.ones((5, 4)))


@every_kind
def test_parameters_that_are_missing_or_misspelt_are_named(kind):
    for function in (f"{kind}_forward", f"{kind}_cell_forward"):
        arguments = arguments_of(function)
        right = arguments["parameters"]
        for name in right:
            parameters = dict(right)
            array = parameters.pop(name)
            needed = rf"{name}\b.*: .*\b{name}\b.* are needed"
            with pytest.raises(ValueError, match=f"^parameters lack .*{needed}|bi, Wu|Wi, bi or"):
                getattr(course, function)(**arguments | {"parameters": parameters})
            parameters[f"{name}x"] = array
            with pytest.raises(ValueError, match=rf"{name} \(is it '{name}x'\?\)|Wi, bi or Wu"):
                getattr(course, function)(**arguments | {"parameters": parameters})
        for wrong in (None, list(right.values())):
            with pytest.raises(TypeError, match=r"parameters is of type .*: a dict of"):
                getattr(course, function)(**arguments | {"parameters": wrong})


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if name.startswith(LSTM)])
def test_two_names_of_the_update_gate_are_not_mixed(function):
    right = draw(LSTM).parameters
    mixed = {("Wu" if name == "Wi" else name): array for name, array in right.items()}
    both = right | {"Wu": right["Wi"], "bu": right["bi"]}
    for wrong, held in ((mixed, "bi, Wu"), (both, "Wi, bi, Wu, bu")):
        message = f"^parameters.* hold {held}: for the update gate Wi, bi or Wu, bu are needed"
        arguments = arguments_of(function)
        if "parameters" in arguments:
            arguments["parameters"] = wrong
        elif "cache" in arguments:
            arguments["cache"] = cache_with(arguments["cache"], "parameters", wrong)
        else:
            steps, x = arguments["caches"]
            arguments["caches"] = [cache_with(c, "parameters", wrong) for c in steps], x
        with pytest.raises(ValueError, match=message):
            getattr(course, function)(**arguments)


@every_kind
def test_backward_does_not_need_the_output_layer(kind):
    """And a dict may hold more than is needed."""
    problem = draw(kind)
    names = [n for n in problem.parameters if n not in ("Wya", "Wy", "by")]
    few = problem._replace(parameters={n: problem.parameters[n] for n in names})
    more = problem._replace(parameters=problem.parameters | {"dropout": np.ones(1)})
    backward = course.rnn_backward if kind == RNN else course.lstm_backward
    expected = backward(problem.da, own_caches(problem))
    for other in (few, more):
        same(backward(problem.da, own_caches_of(problem, other.parameters)), expected)
    same(run_sequence(more)[0], run_sequence(problem)[0])


@every_kind
def test_gradients_by_biases_in_own_caches_have_the_shape_of_these(kind):
    """A cell of one's own may have biases of one axis."""
    problem = draw(kind)
    backward = course.rnn_backward if kind == RNN else course.lstm_backward
    expected = backward(problem.da, own_caches(problem))
    flat = {n: w[:, 0] if n[0] == "b" else w for n, w in problem.parameters.items()}
    found = backward(problem.da, own_caches_of(problem, flat))
    same(found, {n: d[:, 0] if n[:2] == "db" else d for n, d in expected.items()})


@pytest.mark.parametrize(
    ("kind", "name"), [(RNN, "Waa"), (RNN, "Wax"), *((LSTM, f"W{gate}") for gate in GATES[LSTM])]
)
def test_weights_of_one_axis_in_own_caches_are_reported_as_they_are(kind, name):
    needed = re.escape(str(shapes_of_parameters(kind, SIZES["distinct"])[name]))
    for function in (f"{kind}_backward", f"{kind}_cell_backward"):
        with pytest.raises(ValueError, match=rf"^{name} is \(5,\): {needed} is needed"):
            changed_call(function, name, np.ones(5))


def go_back(problem, caches):
    """Gradients of a sequence from caches."""
    backward = course.rnn_backward if problem.kind == RNN else course.lstm_backward
    return backward(problem.da, caches)


class Subclass(np.ndarray):
    """An array by another name."""


@every_kind
def test_subclasses_of_arrays_are_taken_and_plain_arrays_answered(kind, tmp_path):
    def mapped(array):
        path = tmp_path / str(len(list(tmp_path.iterdir())))
        found = np.memmap(path, array.dtype, "w+", shape=array.shape)
        found[...] = array
        return found

    for make in (lambda array: array.view(Subclass), mapped):
        problem = draw(kind)
        arrays = {n: make(getattr(problem, n)) for n in ("x", "a0", "c0", "da", "dc")}
        parameters = {name: make(array) for name, array in problem.parameters.items()}
        other = problem._replace(**arrays, parameters=parameters)
        (outputs, gradients, _), expected = run_sequence(other), run_sequence(problem)
        same(outputs | gradients, expected[0] | expected[1])
        found = run_batch_first(other)
        same(found, run_batch_first(problem))

        steps, x = own_caches(problem)
        own: Any = [(*map(make, step[:-1]), parameters) for step in steps], x
        gradients = go_back(other, own)
        same(gradients, go_back(problem, own_caches(problem)))

        y, y_pred, a = (
            targets(SIZES["distinct"], one_hot=False),
            *(make(expected[0][name]) for name in ("y", "a")),
        )
        loss = course.sequence_loss_backward(y_pred, y, a, parameters)
        mine = [*outputs.values(), *gradients.values(), *found.values(), *loss.values()]
        assert {type(array) for array in mine} == {np.ndarray}


@every_kind
@pytest.mark.parametrize(
    ("view", "kind_of_array"), [(np.matrix, "matrix"), (np.ma.MaskedArray, "MaskedArray")]
)
def test_matrices_and_masked_arrays_are_refused(kind, view, kind_of_array):
    problem = draw_cell(kind)
    message = rf"is of type {kind_of_array}: a NumPy array \(n_a, m\) is needed"
    with pytest.raises(TypeError, match=f"^a_prev {message}"):
        changed_call(f"{kind}_cell_forward", "a_prev", problem.a0.view(view))
    steps, x = own_caches(draw(kind))
    steps[3] = cache_with(steps[3], "a_next", steps[3][0].view(view))
    with pytest.raises(TypeError, match=rf"^a_next in caches\[0\]\[3\] {message}"):
        go_back(draw(kind), (steps, x))


@pytest.mark.parametrize(
    ("kind", "entry"), [(kind, entry) for kind in CACHE for entry in CACHE[kind][:-1]]
)
def test_half_precision_in_one_step_of_the_caches_is_refused(kind, entry):
    steps, x = own_caches(draw(kind))
    half = steps[3][CACHE[kind].index(entry)].astype(np.float16)
    steps[3] = cache_with(steps[3], entry, half)
    message = rf"^{entry} in caches\[0\]\[3\] {re.escape(str(half.shape))} is float16: float32 or"
    with pytest.raises(TypeError, match=message):
        go_back(draw(kind), (steps, x))


@every_kind
def test_the_parameters_of_every_step_are_those_of_the_first(kind):
    problem = draw(kind)
    steps, x = own_caches(problem)
    expected = go_back(problem, (steps, x))
    copies = [{n: w.copy() for n, w in problem.parameters.items()} for _ in steps]
    same(
        go_back(problem, ([(*s[:-1], p) for s, p in zip(steps, copies, strict=True)], x)), expected
    )

    here = r"caches\[0\]\[3\]"
    for name, array in problem.parameters.items():
        other = array.copy()
        other[-1, -1] += 1e-9
        without = {n: w for n, w in problem.parameters.items() if n != name}
        changed = ([*steps[:3], cache_with(steps[3], "parameters", p), *steps[4:]] for p in (
            without | {name: other}, without | {name: other[:-1]}, without | {name: None}, without
        ))  # fmt: skip
        if name in ("Wya", "Wy", "by"):
            for caches in changed:
                same(go_back(problem, (caches, x)), expected)
            continue
        for caches, error, message in zip(
            changed,
            (ValueError, ValueError, TypeError, ValueError),
            (
                rf"^{name} in {here} is not the {name} in caches\[0\]\[0\]: ",
                rf"^{name} in {here} is not the {name} in caches\[0\]\[0\]: ",
                rf"^{name} in {here} is of type NoneType: a NumPy array",
                rf"^parameters in {here} lack {name}\b",
            ),
            strict=True,
        ):
            with pytest.raises(error, match=message):
                go_back(problem, (caches, x))
    for wrong in (None, list(problem.parameters)):
        steps[3] = cache_with(steps[3], "parameters", wrong)
        with pytest.raises(TypeError, match=rf"^parameters in {here} is of type .*: a dict of"):
            go_back(problem, (steps, x))


@every_kind
@pytest.mark.parametrize("end", ["_prev", "_next"])
def test_own_caches_may_keep_one_end_of_a_step_in_float32(kind, end):
    problem = draw(kind)
    steps, x = own_caches(problem)
    entries = [name for name in CACHE[kind] if name.endswith(end)]
    for name in entries:
        k = CACHE[kind].index(name)
        steps = [cache_with(step, name, step[k].astype(np.float32)) for step in steps]
    found, expected = go_back(problem, (steps, x)), go_back(problem, own_caches(problem))
    close(found, expected, tolerance=1e-6)
    assert {array.dtype for array in found.values()} == {np.dtype(np.float64)}
    for name in entries:
        k = CACHE[kind].index(name)
        wrong = list(steps)
        wrong[3] = cache_with(steps[3], name, steps[3][k] * np.float32(1 + 1e-6))
        with pytest.raises(ValueError, match=rf"^{name[0]}_prev in .* is not the {name[0]}_next"):
            go_back(problem, (wrong, x))


@every_kind
@pytest.mark.parametrize("dtypes", [(np.float32, np.float64), (np.float64, np.float32)])
def test_gradients_have_the_dtype_of_the_caches(kind, dtypes):
    """Whatever that of da: it is rounded to it."""
    dtype, other = dtypes
    rounded = draw(kind, dtype=np.float32)
    problem, cell = draw(kind, dtype=dtype), draw_cell(kind, dtype=dtype)
    problem = problem._replace(da=rounded.da.astype(other))
    cell = cell._replace(da=cell.da.astype(other), dc=cell.dc.astype(other))
    gradients = run_sequence(problem)[1]
    same(gradients, run_sequence(problem._replace(da=rounded.da.astype(dtype)))[1])
    batch = run_batch_first(problem)
    for found in (gradients, batch, run_cell(cell)[1]):
        assert {array.dtype for array in found.values()} == {np.dtype(dtype)}


def test_the_output_layer_has_one_matrix_by_one_of_two_names():
    problem = draw(LSTM)
    outputs, _, _ = run_sequence(problem)
    W, by = output_weights(problem)
    for held, named in (({}, "neither Wy nor Wya"), ({"Wy": W, "Wya": W}, "Wy and Wya")):
        with pytest.raises(ValueError, match=f"^parameters hold {named}: one matrix of an output"):
            course.sequence_loss_backward(
                outputs["y"], targets(SIZES["distinct"], one_hot=False), outputs["a"],
                {"by": by} | held,
            )  # fmt: skip


@both_dialects
def test_every_function_has_an_example(dialect):
    functions = [getattr(dialect, name) for name in dialect.__all__ if name != "batch_first"]
    assert len(functions) >= 8
    for function in functions:
        _, _, examples = (function.__doc__ or "").partition(">>> ")
        assert f"{function.__name__}(" in examples


def own_caches_of(problem, parameters):
    """Caches of a caller's own cells, with another dict of parameters in them."""
    steps, x = own_caches(problem)
    return [(*step[:-1], parameters) for step in steps], x


@every_kind
def test_nan_passes_through(kind):
    """A network that has diverged says so in its numbers."""
    problem = draw(kind)
    problem.x[0, 0, 2] = np.nan
    outputs, gradients, _ = run_sequence(problem)
    assert not np.isnan(outputs["a"][:, :, :2]).any()
    assert np.isnan(outputs["a"][:, 0, 2:]).all()
    assert not np.isnan(outputs["a"][:, 1:]).any()
    assert np.isnan(gradients["dWaa" if kind == RNN else "dWf"]).any()
    backward = course.rnn_backward if kind == RNN else course.lstm_backward
    again = backward(problem.da, own_caches(problem))
    for name, gradient in gradients.items():
        np.testing.assert_array_equal(np.isnan(again[name]), np.isnan(gradient))


def batch_first_arguments(kind) -> dict[str, Any]:
    """x, a_init and parameters by name, all as they should be."""
    problem = draw(kind)
    named = dict(zip(tuple_names(kind), as_tuple(problem), strict=True))
    return {"x": swapped(problem.x), "a_init": problem.a0.T} | named


def batch_first_call(function, kind, **changed):
    """Call one of the functions of that dialect with something changed."""
    given = batch_first_arguments(kind) | changed
    x, a_init = given.pop("x"), given.pop("a_init")
    da, states = given.pop("da", None), [a_init]
    if "cell" in function:
        x = given.pop("x_t", x[:, 0] if isinstance(x, np.ndarray) else x)
        states = [given.pop("a_prev", a_init)]
        states += [given.pop("m_prev", states[0])] if kind == LSTM else []
    arguments = [x, *states, tuple(given[name] for name in tuple_names(kind))]
    if "backward" in function:
        arguments.insert(0, swapped(draw(kind).da) if da is None else da)
    return getattr(batch_first, function)(*arguments)


BATCH_FIRST = ["forward", "cell_forward", "backward"]


@every_kind
@pytest.mark.parametrize("name", BATCH_FIRST)
def test_wrong_parameters_batch_first_are_named(kind, name):
    function = f"{kind}_{name}"
    for argument, array in list(batch_first_arguments(kind).items())[2:]:
        shape = (array.shape[0] + 1, *array.shape[1:])
        if argument == "W_a":  # of more features it would be x that does not fit
            shape = (3, 6)
        message = rf"^{argument} is {re.escape(str(shape))}: {re.escape(str(array.shape))} is need"
        with pytest.raises(ValueError, match=message):
            batch_first_call(function, kind, **{argument: np.ones(shape)})
        with pytest.raises(TypeError, match=f"^{argument} is of type list: a NumPy array"):
            batch_first_call(function, kind, **{argument: array.tolist()})
        message = rf"^{argument} {re.escape(str(array.shape))} is int64: float32 or float64"
        with pytest.raises(TypeError, match=message):
            batch_first_call(function, kind, **{argument: np.ones(array.shape, int)})


@every_kind
@pytest.mark.parametrize(
    ("function", "argument", "shape", "needed"),
    [
        ("forward", "a_init", (4, 6), (4, 5)),
        ("forward", "a_init", (1, 5), (4, 5)),
        ("backward", "a_init", (1, 5), (4, 5)),
        ("cell_forward", "a_prev", (4, 6), (4, 5)),
        ("cell_forward", "a_prev", (1, 5), (4, 5)),
        ("backward", "da", (4, 7, 1), (4, 7, 5)),
        ("backward", "da", (1, 7, 5), (4, 7, 5)),
    ],
)
def test_wrong_arrays_batch_first_are_named(kind, function, argument, shape, needed):
    message = rf"^{argument} is {re.escape(str(shape))}: {re.escape(str(needed))} is needed"
    changed: dict[str, Any] = {argument: np.ones(shape)}
    if argument == "a_prev" and kind == LSTM:
        changed["m_prev"] = np.ones((4, 5))
    with pytest.raises(ValueError, match=message):
        batch_first_call(f"{kind}_{function}", kind, **changed)
    with pytest.raises(TypeError, match=f"^{argument} is of type list: a NumPy array"):
        batch_first_call(f"{kind}_{function}", kind, **{argument: np.ones(needed).tolist()})


def test_wrong_memory_is_named():
    with pytest.raises(ValueError, match=r"^m_prev is \(4, 1\): \(4, 5\) is needed"):
        batch_first_call("lstm_cell_forward", LSTM, m_prev=np.ones((4, 1)))


@every_kind
def test_wrong_sequences_batch_first_are_named(kind):
    for shape in ((4, 7, 8), (9, 7, 3), (4, 7)):
        with pytest.raises(ValueError, match="is needed") as caught:
            batch_first_call(f"{kind}_forward", kind, x=np.ones(shape))
        assert f"x is {shape}" in str(caught.value) or f"x {shape}" in str(caught.value)
    with pytest.raises(ValueError, match=r"da is \(4, 8, 5\), .* with 8 steps: .* has 7"):
        batch_first_call(f"{kind}_backward", kind, da=np.ones((4, 8, 5)))


@every_kind
@pytest.mark.parametrize("name", BATCH_FIRST)
def test_parameters_batch_first_are_a_tuple_of_as_many(kind, name):
    problem, function = draw(kind), getattr(batch_first, f"{kind}_{name}")
    x, a_init = swapped(problem.x), problem.a0.T
    given: list[Any] = [x, a_init]
    if name == "cell_forward":
        given = [x[:, 0], a_init] + [a_init] * (kind == LSTM)
    elif name == "backward":
        given.insert(0, swapped(problem.da))
    names = re.escape(f"({', '.join(tuple_names(kind))})")
    parameters = as_tuple(problem)
    with pytest.raises(ValueError, match=rf"^parameters has {len(parameters) - 2} .*: {names}"):
        function(*given, parameters[:-2])
    with pytest.raises(TypeError, match=rf"^parameters is of type dict: a tuple {names}"):
        function(*given, problem.parameters)


@pytest.mark.parametrize("backward", [True, False])
@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (np.zeros((4, 8), int), ValueError, r"y is \(4, 8\): integers \(4, 7\)"),
        (np.zeros((7, 4), int), ValueError, r"y is \(7, 4\): integers \(4, 7\)"),
        (np.zeros((3, 4, 7)), ValueError, r"y is \(3, 4, 7\): .* one-hot \(2, 4, 7\)"),
        (np.zeros((2, 4, 7)), ValueError, r"y \(2, 4, 7\) is not one-hot"),
        (np.full((2, 4, 7), 0.5), ValueError, r"y \(2, 4, 7\) is not one-hot"),
        (np.full((4, 7), 2), IndexError, "y holds class 2: 0 to 1 are needed"),
        (np.full((4, 7), -1), IndexError, "y holds class -1: 0 to 1 are needed"),
        (np.zeros((4, 7)), TypeError, r"y \(4, 7\) is float64: integers are needed"),
        ([[0]], TypeError, "y is of type list"),
    ],
)
def test_targets_that_do_not_fit_are_named(y, error, message, backward):
    problem = draw(LSTM)
    outputs, _, _ = run_sequence(problem)
    call, more = course.sequence_loss, ()
    if backward:
        call, more = course.sequence_loss_backward, (outputs["a"], problem.parameters)
    with pytest.raises(error, match=message):
        call(outputs["y"], y, *more)


def test_what_is_no_probability_has_no_loss():
    y = np.zeros((4, 7), int)
    problem = draw(LSTM)
    y_pred = run_sequence(problem)[0]["y"]
    for wrong in (y_pred + 1, np.log(y_pred), y_pred / 2):
        with pytest.raises(ValueError, match="y_pred"):
            course.sequence_loss(wrong, y)
    certain = np.zeros_like(y_pred)
    certain[1] = 1
    assert course.sequence_loss(certain, y) == np.inf
    assert course.sequence_loss(certain, y + 1) == 0
    a = run_sequence(problem)[0]["a"]
    for classes in (y, y + 1):
        dby = course.sequence_loss_backward(certain, classes, a, problem.parameters)["dby"]
        wrong = 28.0 if classes is y else 0.0
        np.testing.assert_array_equal(dby, [[-wrong], [wrong]])


@pytest.mark.parametrize(
    ("name", "shape", "needed"),
    [
        ("a", (5, 4, 6), (5, 4, 7)),
        ("a", (5, 1, 7), (5, 4, 7)),
        ("a", (6, 4, 7), (5, 4, 7)),
        ("Wy", (2, 5, 1), (2, 5)),
        ("by", (2,), (2, 1)),
        ("by", (3, 1), (2, 1)),
    ],
)
def test_what_the_loss_goes_back_through_is_checked(name, shape, needed):
    problem = draw(LSTM)
    outputs, _, _ = run_sequence(problem)
    given = problem.parameters | {"a": outputs["a"]} | {name: np.ones(shape)}
    a, y = given.pop("a"), targets(SIZES["distinct"], one_hot=False)
    message = rf"^{name} is {re.escape(str(shape))}: {re.escape(str(needed))} is needed"
    with pytest.raises(ValueError, match=message):
        course.sequence_loss_backward(outputs["y"], y, a, given)


def test_clip_refuses_what_it_cannot_clip():
    gradients = {"dWaa": np.full((2, 2), 9.0), "db": np.full((2, 1), 9)}
    with pytest.raises(TypeError, match="db is int64"):
        course.clip(gradients, 5)
    assert (gradients["dWaa"] == 9).all()
    with pytest.raises(TypeError, match="gradients is of type list: a dict"):
        course.clip([gradients["dWaa"]], 5)
    for value in (-1, np.nan):
        with pytest.raises(ValueError, match="max_value is"):
            course.clip({"dWaa": gradients["dWaa"]}, value)


# ------------------------------------------------------------------------------------- the script


def character_model(*arguments):
    """What the script prints."""
    script = HERE.parent / "scripts" / "character_model.py"
    command = [sys.executable, str(script), *arguments]
    here = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    return subprocess.run(command, env=here, capture_output=True, text=True, check=False)


@every_kind
def test_the_character_model_learns_and_writes(kind):
    run = character_model("--smoke", "--cell", kind, "--seed", "1")
    assert run.returncode == 0, run.stderr
    *lines, last = run.stdout.splitlines()
    [(first, end)] = re.findall(r"^loss (\d+\.\d+) -> (\d+\.\d+) nats a character$", last)
    assert float(end) < 0.85 * float(first)
    samples = re.split(r"^--- update \d+, loss \d+\.\d+$", "\n".join(lines), flags=re.M)[1:]
    assert len(samples) == 3
    assert len(set(samples)) == 3
    assert all(len(sample.strip()) >= 50 for sample in samples)
    losses = [float(loss) for loss in re.findall(r"^--- .* loss (\S+)$", run.stdout, re.M)]
    assert losses[0] > losses[1] > losses[2]


def test_the_character_model_repeats_itself_with_the_same_seed_only():
    one, again, other = (character_model("--smoke", "--seed", seed).stdout for seed in "112")
    assert one == again != other


@pytest.mark.long
def test_the_character_model_learns_a_text_of_yours(tmp_path):
    path = tmp_path / "text"
    path.write_text("abc\n" * 100)
    run = character_model("--smoke", "--text", str(path))
    sample = run.stdout.splitlines()[-2]
    assert sample in {"abc", "bc", "c", "a", "ab"}
    path.write_text("abc\n")
    assert character_model("--text", str(path)).returncode == 1
    assert "more than 24 are needed" in character_model("--text", str(path)).stderr
    missing = character_model("--text", str(tmp_path / "nowhere"))
    assert missing.returncode == 1
    assert "nowhere" in missing.stderr


@pytest.mark.parametrize("wrong", ["--steps=0", "--every=0", "--every=-1", "--seed=-1"])
def test_the_character_model_says_what_its_options_take(wrong):
    run = character_model("--smoke", wrong)
    assert run.returncode == 2
    assert "--steps and --every take at least 1, --seed at least 0" in run.stderr
