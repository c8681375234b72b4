"""The checker's honesty: no false alarm, no miss, no wrong name, and a clear line for anything.

`submissions/right` holds right implementations in many styles: each function must pass. The wrong
ones are made here, of a right one, by mistakes that nobody would put into a catalogue: each must
fail, at the right place, under no name. `submissions/hostile` holds what is broken, and what tries
to pass for right.
"""

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from handrnn.check.judge import judge, target
from handrnn.check.load import loading
from handrnn.check.probe import probes
from handrnn.check.report import data as report
from parity_tests.sampling import sampled

SUBMISSIONS = Path(__file__).parent / "submissions"
HELPERS = SUBMISSIONS / "right" / "sigmoid_and_softmax_only.py"
RIGHT = sorted(path for path in (SUBMISSIONS / "right").iterdir() if path != HELPERS)


@functools.cache
def judged(path, seconds=10.0):
    return judge.judge(loading.load(path), seconds=seconds, second_opinion=False)


@functools.cache
def judged_text(source, wanted=()):
    return judge.judge(loading.from_text(source), wanted=wanted, second_opinion=False)


# Right ones ------------------------------------------------------------------------------------

# how many functions of the course each file holds, so that none is overlooked
COUNTS = {
    "activation_and_input.py": 3,
    "add_at.py": 1,
    "backward_recomputes.py": 2,
    "batch_first_backward.py": 4,
    "batch_first_forward.py": 6,
    "batch_first_loops.py": 3,
    "caches_of_preactivations.py": 4,
    "clip_and_loss.py": 3,
    "course_notebook.ipynb": 8,
    "data_classes.py": 4,
    "default_arguments_decorators.py": 2,
    "dict_caches.py": 5,
    "einsum_stacked_gates.py": 4,
    "extra_cache_entries.py": 4,
    "flat_biases.py": 3,
    "float32_buffers.py": 1,
    "float32_throughout.py": 7,
    "forward_only_matrix.py": 2,
    "generators_functools.py": 6,
    "global_constants.py": 2,
    "guarded_imports.py": 3,
    "helper_class.py": 2,
    "helpers_of_one_number.py": 1,
    "helpers_with_more_arguments.py": 2,
    "in_place_on_own_arrays.py": 3,
    "inside_one_function.py": 4,
    "list_of_lists_caches.py": 2,
    "lists_for_tuples.py": 4,
    "logging_and_star_imports.py": 3,
    "module_level_forms.py": 3,
    "names_with_s.py": 4,
    "old_format_notebook.ipynb": 4,
    "optional_and_extra_arguments.py": 2,
    "other_argument_names.py": 3,
    "other_cache_order.py": 8,
    "plain_dot.py": 8,
    "prints_and_tests.py": 2,
    "python_loops.py": 5,
    "rare_syntax.py": 3,
    "recursion.py": 3,
    "separate_arguments.py": 3,
    "softmax_inline_without_max.py": 1,
    "softmax_of_rows.py": 2,
    "softmax_without_max.py": 2,
    "split_matrices_expit.py": 2,
    "training_notebook.ipynb": 4,
    "typed_and_helpers.py": 4,
    "update_gate_wu.py": 6,
    "views_and_moveaxis.py": 4,
}


@pytest.mark.sample(4)
@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.name)
def test_right_implementations_pass(path):
    """Whatever the style: every function passes, and nothing is said against it.

    T comes from da in all of them, and none of them spoils another one's results.
    """
    found = judged(path)
    assert found.problems == ()
    verdicts = {name: f.verdict for name, f in found.functions.items()}
    assert set(verdicts.values()) == {report.PASS}, str(found)
    assert len(verdicts) >= COUNTS[path.name], verdicts
    assert found.passed
    assert not any(f.mistakes or f.where for f in found.functions.values())
    notes = [note for f in found.functions.values() for note in f.notes]
    assert not [note for note in notes if "T from da" in note or "repair" in note], notes


NOTES = {
    ("float32_throughout.py", "rnn_cell_forward"): "float32",
    ("float32_throughout.py", "rnn_forward"): "float32",
    ("float32_throughout.py", "lstm_cell_backward"): "float32",
    ("float32_buffers.py", "rnn_forward"): "float32",
    ("softmax_without_max.py", "softmax"): "warning: no maximum is subtracted",
    ("softmax_inline_without_max.py", "rnn_cell_forward"): "warning: no maximum is subtracted",
    ("other_cache_order.py", "rnn_cell_forward"): "order",
    ("other_cache_order.py", "lstm_cell_forward"): "order",
    ("dict_caches.py", "lstm_cell_forward"): "another form than the course's",
    ("softmax_of_rows.py", "rnn_forward"): "right with your own softmax, not with the course's",
    ("update_gate_wu.py", "lstm_cell_forward"): "Wi is called Wu, bi is called bu",
    ("names_with_s.py", "lstm_backward"): "lstm_backwards is taken for lstm_backward",
    ("names_with_s.py", "lstm_forward"): "lstm_forward_pass is taken for lstm_forward",
    ("flat_biases.py", "rnn_cell_backward"): "dba has shape (4,)",
    ("separate_arguments.py", "rnn_forward"): "takes (x, a0, Waa, Wax, Wya, ba, by)",
}


@pytest.mark.parametrize(("where", "text"), NOTES.items(), ids=str)
def test_notes_of_right_implementations(where, text):
    """What differs and is harmless is said."""
    file, function = where
    notes = judged(SUBMISSIONS / "right" / file).functions[function].notes
    assert any(text in note for note in notes), notes


def test_right_implementations_have_few_notes():
    """A right function in the course's own form is told nothing but PASS."""
    found = judged(SUBMISSIONS / "right" / "plain_dot.py")
    assert all(f.notes == () for f in found.functions.values())


# Helpers that share their name with the course's -------------------------------------------------


def test_helpers_alone_are_not_judged():
    """Nothing recurrent stands beside them: they may be anybody's, and the file does not pass."""
    found = judged(HELPERS)
    assert found.functions == {}
    assert not found.passed
    assert [(one.name, one.line) for one in found.not_judged] == [("sigmoid", 4), ("softmax", 14)]
    assert all("beside a recurrent function" in one.why for one in found.not_judged)
    asked = judge.judge(loading.load(HELPERS), wanted=("softmax",), second_opinion=False)
    assert asked.functions["softmax"].verdict == report.NOT_FOUND
    assert "beside a recurrent function" in asked.functions["softmax"].where
    with_cell = judged_text(HELPERS.read_text() + BACK).functions
    assert {name: f.verdict for name, f in with_cell.items()} == dict.fromkeys(
        ("rnn_cell_backward", "softmax", "sigmoid"), report.PASS
    )


PRIVATE = {
    "activation_and_input.py": ["sigmoid"],
    "softmax_of_rows.py": ["softmax"],
    "helpers_of_one_number.py": ["sigmoid", "softmax"],
}


@pytest.mark.parametrize("file", PRIVATE)
def test_a_helper_of_ones_own_is_not_held_to_the_course(file):
    """It is said, and unless it is asked for, it has no verdict."""
    path = SUBMISSIONS / "right" / file
    found = judged(path)
    assert not set(PRIVATE[file]) & set(found.functions)
    for name in PRIVATE[file]:
        assert any(f"your {name} differs from the course's" in note for note in found.notes)
        asked = judge.judge(loading.load(path), wanted=(name,), second_opinion=False)
        assert asked.functions[name].verdict in (report.FAIL, report.CRASHED)
    warnings = [note for f in found.functions.values() for note in f.notes if "warning" in note]
    assert not warnings, warnings


def test_a_helper_with_other_arguments_is_none_of_the_courses():
    """softmax(z, axis) is not the course's softmax(z); softmax(z, axis=0) is."""
    text = SOFTMAX.replace("softmax(x)", "softmax(x, axis)")
    assert [*judged_text(text).functions] == ["rnn_cell_backward"]
    with_default = judged_text(SOFTMAX.replace("softmax(x)", "softmax(x, axis=0)"))
    assert with_default.functions["softmax"].verdict == report.PASS


def test_a_wrong_helper_that_makes_its_user_wrong_fails():
    """The cell is right with the course's softmax, so the softmax is what to repair."""
    text = source_of("softmax_of_rows.py").replace('+ p["by"]).T).T', '+ p["by"]))')
    found = judged_text(text).functions
    assert found["softmax"].verdict == report.FAIL
    assert [mistake.id for mistake in found["softmax"].mistakes] == ["softmax-wrong"]
    assert found["rnn_cell_forward"].verdict == report.PASS
    assert any("repair softmax" in note for note in found["rnn_cell_forward"].notes)


def test_a_wrong_helper_that_is_only_mentioned_fails():
    """A string with its name in a right function is no use of it."""
    user = "def rnn_cell_forward(xt, a_prev, parameters):\n    'softmax'\n"
    body = source_of("plain_dot.py").split("def rnn_cell_forward(xt, a_prev, parameters):\n")[1]
    body = body.split("def ")[0].replace("softmax(np.dot(Wya, a_next) + by)", "e / e.sum(axis=0)")
    body = body.replace("    yt_pred", "    e = np.exp(np.dot(Wya, a_next) + by)\n    yt_pred")
    found = judged_text(HALF_SOFTMAX + user + body).functions
    assert found["rnn_cell_forward"].verdict == report.PASS
    assert found["softmax"].verdict == report.FAIL


def test_the_mistake_of_a_cell_is_found_beside_a_helper_of_its_own():
    """Its helper instead of the course's would bury it."""
    text = source_of("activation_and_input.py")
    wrong = text.replace(
        'gates["o"] * np.tanh(c_next)\n    logits', 'gates["o"] * c_next\n    logits'
    )
    assert wrong != text
    cell = judged_text(wrong).functions["lstm_cell_forward"]
    assert cell.verdict == report.FAIL
    assert "a_next: off" in cell.where
    assert [mistake.id for mistake in cell.mistakes] != ["unexplained"], str(cell)


def test_what_a_call_leaves_behind_is_found_beside_a_helper_of_its_own():
    """Called twice with its own helper, the second time with the weights of the first."""
    text = source_of("softmax_of_rows.py").replace(
        "def rnn_cell_forward(xt, a_prev, parameters):\n    p = parameters",
        "def rnn_cell_forward(xt, a_prev, parameters, kept={}):\n"
        "    p = kept.setdefault('p', parameters)",
    )
    cell = judged_text(text).functions["rnn_cell_forward"]
    assert [mistake.id for mistake in cell.mistakes] == ["keeps-state"], str(cell)


# What is said -------------------------------------------------------------------------------------


CELL = """import numpy as np
def rnn_cell_forward(xt, a_prev, parameters):
    p = parameters
    a_next = np.tanh(p["Wax"] @ xt + p["Waa"] @ a_prev + p["ba"])
    yt_pred = softmax(p["Wya"] @ a_next + p["by"])
    return a_next, yt_pred, (a_next, a_prev, xt, parameters)
"""
BACK = """
def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, p = cache
    dz = da_next * (1 - a_next**2)
    return {"dxt": p["Wax"].T @ dz, "da_prev": p["Waa"].T @ dz, "dWax": dz @ xt.T,
            "dWaa": dz @ a_prev.T, "dba": dz.sum(axis=1, keepdims=True)}
"""


def test_globals_that_are_read_are_said_to_be_what_they_are():
    """Weights and numbers, never modules and helpers; and where they could have been taken from."""
    text = CELL.replace("import numpy as np\n", "").replace('p["Waa"]', "Waa")
    (named,) = judged_text(text).functions["rnn_cell_forward"].mistakes
    assert named.id == "reads-global"
    assert named.proof == (
        "Waa is not taken from parameters; judged with the value that parameters holds"
    )
    both = CELL.replace('p["Waa"]', "Waa").replace('p["ba"]', "ba")
    (named,) = judged_text(both).functions["rnn_cell_forward"].mistakes
    assert "Waa, ba are not taken from parameters; judged with the values" in named.proof
    (named,) = (
        judged_text(CELL + BACK.replace('p["Waa"].T', "Waa.T"))
        .functions["rnn_cell_backward"]
        .mistakes
    )
    assert "Waa is not taken from cache; judged with the value that cache holds" in named.proof
    sizes = CELL.replace('(p["Wya"] @ a_next', '(p["Wya"][:, :n_a] @ a_next')
    (named,) = judged_text(sizes).functions["rnn_cell_forward"].mistakes
    assert "n_a is not taken from the shapes of the arguments" in named.proof


def test_a_name_that_is_nowhere_is_no_global_that_is_read():
    """It may be a helper that was not handed in: the NameError says so."""
    function = judged_text(CELL.replace("np.tanh(", "squash(")).functions["rnn_cell_forward"]
    assert function.verdict == report.CRASHED
    assert "squash" in function.where
    assert function.mistakes == ()


GIVEN_AWAY = {
    "reads-global": (CELL.replace('p["Waa"]', "Waa"), "rnn_cell_forward", "Waa"),
    "argument-in-place": (
        CELL.replace("    return", "    a_prev *= 2\n    return"),
        "rnn_cell_forward",
        "before and after",
    ),
    "upstream-in-place": (
        BACK.replace("dz = da_next * (", "da_next *= (").replace("dz", "da_next"),
        "rnn_cell_backward",
        "before and after",
    ),
    "caches-wrong": (
        CELL.replace("(a_next, a_prev, xt, parameters)\n", "(a_next, xt, xt, parameters)\n"),
        "rnn_cell_forward",
        "no a_prev",
    ),
}


@pytest.mark.parametrize("id", GIVEN_AWAY)
def test_the_place_does_not_give_the_mistake_away(id):
    """A teacher who asks for places gets the line and that something is wrong."""
    text, name, given_away = GIVEN_AWAY[id]
    found = judged_text(text)
    assert found.functions[name].verdict == report.FAIL
    assert id in [mistake.id for mistake in found.functions[name].mistakes], str(found)
    hinted = str(found.hinted("place"))
    assert given_away not in hinted
    assert f"where     {found.functions[name].where[:20]}" in hinted


def test_damage_on_one_probe_is_damage():
    """What happens to some numbers only is seen, whichever probe has them."""
    for seed in target.SEEDS:
        value = probes.draw(seed).h0[0, 0]
        only = f"    if a_prev[0, 0] == {value!r}: "
        changed = CELL.replace("    return", f"{only}a_prev = a_prev.copy(); CHANGE\n    return")
        rare = changed.replace("a_prev = a_prev.copy(); CHANGE", "a_prev *= 2").replace(
            "(a_next, a_prev,", "(a_next, before,"
        )
        rare = rare.replace("    p = parameters\n", "    p, before = parameters, a_prev.copy()\n")
        (named,) = judged_text(rare).functions["rnn_cell_forward"].mistakes
        assert named.id == "argument-in-place"
        reads = changed.replace("a_prev = a_prev.copy(); CHANGE", "Waa.sum()")
        (named,) = judged_text(reads).functions["rnn_cell_forward"].mistakes
        assert named.id == "reads-global"
        wrong = changed.replace("a_prev = a_prev.copy(); CHANGE", "a_next = 2 * a_next")
        function = judged_text(wrong).functions["rnn_cell_forward"]
        assert function.verdict == report.FAIL
        assert "a_next: off" in function.where
        warns = changed.replace("a_prev = a_prev.copy(); CHANGE", "np.log(np.zeros(1))")
        function = judged_text(warns).functions["rnn_cell_forward"]
        assert any("divide by zero" in note for note in function.notes), str(function)


@pytest.mark.long
def test_one_gate_is_said_to_be_the_only_one_if_the_others_are_right():
    """Not where they are missing."""
    text = source_of("activation_and_input.py")
    right = '        "f": dc_total * c_prev * f * (1 - f),\n'
    wrong = text.replace(right, right.replace("* f", "* f**2")).replace(
        "    back = sum(", '    pre_f = {**pre, "f": pre["f"] / f}\n    back = sum('
    )
    wrong = wrong.replace(
        "for k, d in pre.items())\n    n_a", "for k, d in pre_f.items())\n    n_a"
    )
    wanted = ("lstm_cell_backward",)
    found = judged_text(wrong, wanted=wanted).functions["lstm_cell_backward"]
    assert "of the gates, only gate f is wrong" in found.where, str(found)
    less = wrong.replace("    return grads", '    del grads["dWo"]\n    return grads')
    found = judged_text(less, wanted=wanted).functions["lstm_cell_backward"]
    assert "dWf: off" in found.where
    assert "only gate" not in found.where


def test_what_a_backward_function_has_no_caches_for_is_said_in_words():
    """The forward function that crashed, by its name."""
    crashing = CELL.replace("    p = parameters\n", "    p = parameters\n    1 / 0\n")
    text = str(judged_text(crashing + BACK.replace("dz @ xt.T", "dz @ xt.T * 2")))
    assert "/own/" not in text
    text = str(judged_text(crashing + BACK))
    assert "/own/" not in text
    assert "it needs the result of your rnn_cell_forward, which returned nothing" in " ".join(
        text.split()
    )


TENSORS = """import numpy as np
import torch
def rnn_cell_forward(xt, a_prev, parameters):
    p = {name: torch.tensor(value, requires_grad=True) for name, value in parameters.items()}
    a_next = torch.tanh(p["Wax"] @ torch.tensor(xt) + p["Waa"] @ torch.tensor(a_prev) + p["ba"])
    yt_pred = torch.softmax(p["Wya"] @ a_next + p["by"], 0)
    return a_next, yt_pred, (a_next, a_prev, xt, parameters)
"""


@pytest.mark.long
def test_tensors_of_torch_are_compared_by_their_numbers():
    """With a note; a wrong one fails as an array would."""
    pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")
    found = judged_text(TENSORS).functions["rnn_cell_forward"]
    assert found.verdict == report.PASS, str(found)
    assert any("tensors of torch" in note for note in found.notes)
    assert {"a_next", "yt_pred", "cache.a_next"} <= {tensor.name for tensor in found.tensors}
    wrong = judged_text(TENSORS.replace("torch.tanh(", "1.5 * torch.tanh("))
    assert wrong.functions["rnn_cell_forward"].verdict == report.FAIL
    assert "a_next: off" in wrong.functions["rnn_cell_forward"].where


# Mistakes that nobody foresaw --------------------------------------------------------------------


@dataclass(frozen=True)
class Odd:
    """A mistake: lines of one function of plain_dot.py, and what stands there instead.

    `step` is the first bad time step, in the order in which the function goes through them;
    `place` the result where it starts, if others are wrong because that one is.
    """

    name: str
    function: str
    edits: tuple[tuple[str, str], ...]
    step: int | None = None
    place: str = ""


def odd(name, function, *edits, step=None, place=""):
    return Odd(name, function, edits, step, place)


ODD = (
    # forward, one step
    odd("tanh-twice", "rnn_cell_forward", ("= np.tanh(np.dot", "= np.tanh(1.1 * np.dot")),
    odd("state-cubed", "rnn_cell_forward", (" + ba)", " + ba) ** 3")),
    odd(
        "warm-softmax",
        "rnn_cell_forward",
        ("a_next) + by)", "a_next) * 1.1 + by)"),
        place="yt_pred",
    ),
    odd("input-reversed", "rnn_cell_forward", ("np.dot(Wax, xt)", "np.dot(Wax, xt[::-1])")),
    odd(
        "forget-clamped", "lstm_cell_forward", ("+ bf)", "+ bf).clip(None, 0.6)"), place="cache.ft"
    ),
    odd(
        "next-example",
        "lstm_cell_forward",
        ("np.dot(Wi, concat)", "np.dot(Wi, np.roll(concat, 1, axis=1))"),
        place="cache.it",
    ),
    odd("leak", "lstm_cell_forward", ("it * cct\n", "it * cct - 1e-6\n"), place="c_next"),
    odd(
        "peephole",
        "lstm_cell_forward",
        ("concat) + bo)", "concat) + 0.1 * c_next + bo)"),
        place="cache.ot",
    ),
    odd(
        "half-precision",
        "lstm_cell_forward",
        ("np.dot(Wc, concat) + bc", "(np.dot(Wc, concat) + bc).astype(np.float16)"),
        place="cache.cct",
    ),
    odd(
        "one-unit-dead",
        "lstm_cell_forward",
        ("    yt_pred =", "    a_next[2] = 0\n    yt_pred ="),
        place="a_next",
    ),
    # forward, a sequence
    odd(
        "rounded-at-three",
        "rnn_forward",
        (
            "        a_next, yt_pred",
            "        if t == 3:\n            a_next = a_next.round(2)\n        a_next, yt_pred",
        ),
        step=3,
    ),
    odd(
        "other-example-at-four",
        "rnn_forward",
        ("(x[:, :, t], a_next", "(x[:, :, t] if t != 4 else x[:, ::-1, t], a_next"),
        step=4,
    ),
    odd(
        "state-clamped",
        "rnn_forward",
        (
            "        a[:, :, t] = a_next",
            "        a_next = np.minimum(a_next, 0.5)\n        a[:, :, t] = a_next",
        ),
    ),
    odd(
        "third-example-lags",
        "rnn_forward",
        (
            "        y_pred[",
            "        a[:, 2, t] = a[:, 2, t - 1] if t > 1 else a[:, 2, t]\n        y_pred[",
        ),
        step=2,
    ),
    odd(
        "forgets-after-four",
        "lstm_forward",
        (
            "        a[:, :, t]",
            "        if t > 4:\n            c_next = c_next / 2\n        a[:, :, t]",
        ),
        step=5,
    ),
    odd(
        "output-of-two-mirrored",
        "lstm_forward",
        ("= yt\n", "= yt if t != 2 else yt[:, ::-1]\n"),
        step=2,
    ),
    odd(
        "one-step-shown-twice",
        "lstm_forward",
        ("    caches = (caches, x)", "    a[:, :, 3] = a[:, :, 2]\n    caches = (caches, x)"),
        step=3,
    ),
    odd(
        "memory-of-ones",
        "lstm_forward",
        ("c_next = np.zeros((n_a, m))", "c_next = np.ones((n_a, m))"),
    ),
    odd(
        "states-of-neighbours",
        "lstm_forward",
        ("x[:, :, t], a_next, c_next, p", "x[:, :, t], np.roll(a_next, t // 3, 1), c_next, p"),
        step=3,
    ),
    # backward, one step
    odd("cubed", "rnn_cell_backward", ("a_next ** 2", "abs(a_next) ** 3")),
    odd(
        "inputs-reversed",
        "rnn_cell_backward",
        ("np.dot(Wax.T, dtanh)", "np.dot(Wax.T, dtanh)[::-1]"),
    ),
    odd("unit-zeroed", "rnn_cell_backward", ("    dba =", "    dWaa[1] = 0\n    dba =")),
    odd("largest-for-sum", "rnn_cell_backward", ("np.sum(dtanh, axis", "np.max(dtanh, axis")),
    odd(
        "sign-of-one-term",
        "lstm_cell_backward",
        ('+ np.dot(p["Wo"][:, n_a:]', '- np.dot(p["Wo"][:, n_a:]'),
    ),
    odd(
        "forget-squared",
        "lstm_cell_backward",
        ("dc_prev = dc_next * ft ", "dc_prev = dc_next * ft ** 2 "),
    ),
    odd(
        "one-in-a-million",
        "lstm_cell_backward",
        ("np.dot(dit, concat.T)", "np.dot(dit, concat.T) * (1 + 1e-6)"),
    ),
    odd(
        "noise",
        "lstm_cell_backward",
        ("    dbf =", "    dWo += 1e-7 * np.random.randn(*dWo.shape)\n    dbf ="),
    ),
    odd(
        "third-example-twice",
        "lstm_cell_backward",
        ("np.dot(dcct, concat.T)", "np.dot(dcct, concat.T) + np.outer(dcct[:, 2], concat[:, 2])"),
    ),
    odd(
        "half-precision-bias",
        "lstm_cell_backward",
        (
            "np.sum(dft, axis=1, keepdims=True)",
            "np.sum(dft.astype(np.float16), axis=1, keepdims=True)",
        ),
    ),
    odd(
        "own-order-of-inputs",
        "lstm_cell_backward",
        (
            'dxt = (np.dot(p["Wf"][:, n_a:].T, dft)',
            'dxt = (np.dot(p["Wf"][:, n_a:].T, dft[:, ::-1])',
        ),
    ),
    odd(
        "tanh-squared",
        "lstm_cell_backward",
        ("da_next * np.tanh(c_next) * ot", "da_next * np.tanh(c_next) ** 2 * ot"),
    ),
    # backward, a sequence
    odd(
        "mean-of-examples",
        "rnn_backward",
        (
            "        dx[:, :, t]",
            "        da_prevt = 0 * da_prevt + da_prevt.mean(axis=1)[:, None]\n        dx[:, :, t]",
        ),
        step=4,
    ),
    odd("first-step-twice", "rnn_backward", ("dba += dbat", "dba += dbat if t else 2 * dbat")),
    odd("inputs-turned", "rnn_backward", ('{"dx": dx,', '{"dx": np.roll(dx, 2, axis=0),')),
    odd("from-above", "rnn_backward", ("+ da_prevt, c", "+ np.minimum(da_prevt, 0.9), c")),
    odd(
        "fading", "lstm_backward", ("dc_prevt = gradients[", "dc_prevt = 0.5 * gradients["), step=4
    ),
    odd(
        "odd-steps-only",
        "lstm_backward",
        ("dc_prevt, caches", "dc_prevt * (t % 2), caches"),
        step=4,
    ),
    odd("over-steps", "lstm_backward", ('"dWo": dWo,', '"dWo": dWo / T_x,')),
    odd("stale-cache", "lstm_backward", ("caches[t])", "caches[t if t != 2 else 3])"), step=2),
    odd(
        "examples-swapped-last",
        "lstm_backward",
        ("da[:, :, t] + da_prevt", "da[:, [1, 0, 2] if t == T_x - 1 else [0, 1, 2], t] + da_prevt"),
        step=5,
    ),
    odd(
        "long-ones-only",
        "lstm_backward",
        ("    da0 = gradients", "    if T_x > 4:\n        dbi = 2 * dbi\n    da0 = gradients"),
    ),
    odd(
        "start-of-one-unit",
        "lstm_backward",
        ('"da0": da0', '"da0": da0 * np.array([[1], [1], [0], [1]])'),
    ),
    odd(
        "input-of-a-gate-doubled", "lstm_backward", ('"dbc": dbc', '"dbc": dbc + gradients["dbc"]')
    ),
)


def source_of(name):
    return (SUBMISSIONS / "right" / name).read_text()


def planted(mistake):
    """plain_dot.py with the mistake in it."""
    text = source_of("plain_dot.py")
    found = re.search(rf"^def {mistake.function}\(.*?(?=^def |\Z)", text, re.S | re.M)
    assert found
    function = wrong = found.group()
    for old, new in mistake.edits:
        assert wrong.count(old) == 1, f"{old!r} is there {wrong.count(old)} times"
        wrong = wrong.replace(old, new)
    return text.replace(function, wrong)


def executed(text):
    """What a submission defines, with the helpers of the course beside it."""

    def softmax(z):
        odds = np.exp(z - z.max(axis=0))
        return odds / odds.sum(axis=0)

    namespace = {"np": np, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "softmax": softmax}
    exec(text.replace("from rnn_utils import *", ""), namespace)
    return namespace


def results(namespace, function):
    """What a function makes of numbers of our own, by the names that reports have."""
    rng = np.random.default_rng(7)
    T, m, n_x, n_a, n_y = 6, 3, 5, 4, 2
    shapes = {"Wax": (n_a, n_x), "Waa": (n_a, n_a), "Wya": (n_y, n_a), "ba": (n_a, 1)}
    shapes |= {f"W{gate}": (n_a, n_a + n_x) for gate in "fico"}
    shapes |= {f"b{gate}": (n_a, 1) for gate in "fico"} | {"Wy": (n_y, n_a), "by": (n_y, 1)}
    parameters = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    x, a0, c0 = rng.normal(size=(n_x, m, T)), rng.normal(size=(n_a, m)), rng.normal(size=(n_a, m))
    da = rng.normal(size=(n_a, m, T))
    cell = function.split("_")[0]
    right = executed(source_of("plain_dot.py"))
    states = (a0, c0)[: 1 if cell == "rnn" else 2]
    if function.endswith("forward"):
        call = (x[:, :, 0], *states) if "cell" in function else (x, a0)
        *values, cache = namespace[function](*call, parameters)
        names = ["a_next", "c_next", "yt_pred"] if "cell" in function else ["a", "y", "c"]
        if cell == "rnn":
            names = ["a_next", "yt_pred"] if "cell" in function else ["a", "y_pred"]
        entries = ["a_next", "a_prev", "xt"]
        if cell == "lstm":
            entries = ["a_next", "c_next", "a_prev", "c_prev", "ft", "it", "cct", "ot", "xt"]
        found = dict(zip(names, values, strict=True))
        if "cell" in function:
            return found | {f"cache.{n}": v for n, v in zip(entries, cache[:-1], strict=True)}
        steps = zip(*(step[:-1] for step in cache[0]), strict=True)
        return found | {f"caches.{n}": np.array(v) for n, v in zip(entries, steps, strict=True)}
    if "cell" in function:
        *_, cache = right[f"{cell}_cell_forward"](x[:, :, 0], *states, parameters)
        return namespace[function](da[:, :, 0], *states[1:], cache)
    *_, caches = right[f"{cell}_forward"](x, a0, parameters)
    return namespace[function](da, caches)


def differing(mistake):
    """The results that the mistake changes, told by running it beside the right function."""
    right = results(executed(source_of("plain_dot.py")), mistake.function)
    wrong = results(executed(planted(mistake)), mistake.function)
    return {name for name in right if not np.allclose(right[name], wrong[name], rtol=1e-12, atol=0)}


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    "mistake", sampled(ODD, every=4), ids=lambda mistake: f"{mistake.function}-{mistake.name}"
)
def test_unforeseen_mistakes_fail_where_they_are_and_are_not_named(mistake):
    """FAIL, the wrong results and only these, the first bad step, and no name that is not true."""
    found = judged_text(planted(mistake), wanted=(mistake.function,))
    function = found.functions[mistake.function]
    assert function.verdict == report.FAIL, str(found)
    wrong = {tensor.name for tensor in function.tensors if not tensor.passed}
    assert wrong == differing(mistake), function.where
    assert any(function.where.startswith(name) or f" {name}" in function.where for name in wrong)
    if mistake.place:
        assert f"{mistake.place}: off" in function.where, function.where
    if mistake.step is not None:
        assert f"first bad at time step {mistake.step}" in function.where, function.where
    assert [named.id for named in function.mistakes] == ["unexplained"], str(found)
    assert_true(function, mistake)


def wrong_steps(mistake, name):
    """The time steps at which a result of a sequence is wrong, told by running it."""
    right = results(executed(source_of("plain_dot.py")), mistake.function)[name]
    wrong = results(executed(planted(mistake)), mistake.function)[name]
    axis = 0 if name.startswith("caches.") else 2
    off = np.moveaxis(np.abs(right - wrong), axis, 0).reshape(right.shape[axis], -1).max(axis=1)
    return [t for t, error in enumerate(off) if error > 1e-12]


def assert_true(function, mistake):
    """No gates in an RNN, no examples in a bias, no factor of one, no step that is right."""
    text = " ".join(str(function).split())
    assert " is 1 times " not in text
    assert "gate" not in function.where or not mistake.function.startswith("rnn")
    described = re.search(r"(\S+): off by", function.where)
    assert described, function.where
    if described.group(1).startswith("db"):
        assert "example" not in function.where
    assert "np.zeros" not in function.source, function.source
    assert not any(re.search("holds? no ", note) for note in function.notes), function.notes
    if mistake.step is not None:
        for name, steps in re.findall(r"(\S+) is wrong at time steps? ([\d, ]+) only", text):
            assert [int(step) for step in steps.split(",")] == wrong_steps(mistake, name), text


@pytest.mark.long
def test_the_rest_of_the_file_is_not_blamed():
    """A wrong cell does not spoil the verdict on what calls it, nor on its neighbours."""
    for mistake in ODD[::11]:
        found = judged_text(planted(mistake))
        failed = [name for name, f in found.functions.items() if not f.passed]
        assert failed == [mistake.function], str(found)


@pytest.mark.long
def test_a_mistake_known_by_all_beside_an_unforeseen_one_is_no_proof():
    """A mistake with a name and one without in one function: it fails, and no lie is told."""
    odd_one = next(m for m in ODD if m.name == "long-ones-only")
    text = planted(odd_one).replace("+ da_prevt, dc_prevt, caches[t])", ", dc_prevt, caches[t])")
    found = judged_text(text.replace("da[:, :, t] ,", "da[:, :, t],"), wanted=("lstm_backward",))
    function = found.functions["lstm_backward"]
    assert function.verdict == report.FAIL
    assert [named.id for named in function.mistakes] == ["unexplained"], str(found)


# Broken and hostile ones -------------------------------------------------------------------------

SECONDS = 1.0
PASS, FAIL, CRASHED = report.PASS, report.FAIL, report.CRASHED
NOT_JUDGED = "not judged"
TIMED_OUT, NOT_FILLED_IN = report.TIMED_OUT, report.NOT_FILLED_IN

# file -> function -> verdict, and what the report has to say
HOSTILE = {
    "always_equal.py": {"rnn_cell_backward": (FAIL, "dxt")},
    "another_kind.py": {
        "rnn_cell_forward": (NOT_JUDGED, "takes (xt): there it is rnn_cell_forward(xt, a_prev, "),
        "rnn_cell_backward": (FAIL, "generator"),
        "rnn_backward": (FAIL, "coroutine"),
        "lstm_cell_forward": (NOT_JUDGED, "takes (xt, a_prev, c_prev, parameters, needed)"),
        "lstm_forward": (NOT_JUDGED, "methods"),
        "softmax": (NOT_JUDGED, "takes ()"),
        "sigmoid": (CRASHED, "IndexError"),
    },
    "breaks_while_defining.py": {
        "sigmoid": (CRASHED, "ZeroDivisionError"),
        "softmax": (CRASHED, "undefined_name"),
        "rnn_cell_forward": (PASS, ""),
    },
    "cache_lies.py": {"rnn_cell_forward": (FAIL, "cache")},
    "changes_arguments.py": {
        "rnn_cell_backward": (FAIL, "argument da_next"),
        "rnn_forward": (FAIL, "argument x"),
    },
    "complex_numbers.py": {
        "rnn_cell_forward": (FAIL, "complex"),
        "rnn_cell_backward": (FAIL, "complex"),
    },
    "empty.py": {"": (None, "empty")},
    "endless_loop.py": {
        "rnn_cell_forward": (TIMED_OUT, "1 s"),
        "softmax": (TIMED_OUT, "1 s"),
        "sigmoid": (TIMED_OUT, "1 s"),
    },
    "endless_recursion.py": {
        "rnn_forward": (CRASHED, "RecursionError"),
        "softmax": (CRASHED, "RecursionError"),
    },
    "exits.py": {
        "rnn_cell_forward": (CRASHED, "SystemExit"),
        "rnn_forward": (CRASHED, "KeyboardInterrupt"),
        "lstm_cell_forward": (CRASHED, "SIGSEGV"),
        "lstm_forward": (CRASHED, "Odd"),
        "rnn_cell_backward": (CRASHED, "SIGKILL"),
        "rnn_backward": (CRASHED, "SIGABRT"),
        "lstm_cell_backward": (CRASHED, "SystemExit"),
        "softmax": (CRASHED, "SystemExit"),
        "sigmoid": (CRASHED, "exit status 0"),
    },
    "floods.py": {"softmax": (FAIL, "softmax"), "sigmoid": (FAIL, "sigmoid")},
    "forks.py": {
        "softmax": (FAIL, "softmax"),
        "sigmoid": (FAIL, "sigmoid"),
        "rnn_cell_backward": (FAIL, "dxt"),
    },
    "half_a_template.py": {"rnn_cell_backward": (NOT_FILLED_IN, "da_prev")},
    "half_written.py": {
        "rnn_forward": (CRASHED, "line 15"),
        "rnn_cell_backward": (CRASHED, "line 21"),
        "rnn_cell_forward": (PASS, ""),
        "softmax": (PASS, ""),
        "sigmoid": (PASS, ""),
    },
    "hide_each_other.py": {
        "lstm_cell_backward": (FAIL, "dc_prev"),
        "lstm_backward": (FAIL, "d"),
    },
    "keeps_first_weights.py": {"rnn_cell_backward": (FAIL, "da_prev")},
    "leaves_while_defining.py": {"softmax": (CRASHED, "exit status 0")},
    "memory.py": {"softmax": (CRASHED, "MemoryError"), "sigmoid": ((CRASHED, TIMED_OUT), "")},
    "mutable_default.py": {"rnn_forward": (FAIL, "caches"), "softmax": (PASS, "")},
    "none.py": {
        "rnn_cell_forward": (NOT_FILLED_IN, "None"),
        "rnn_cell_backward": (NOT_FILLED_IN, "None"),
    },
    "not_a_number.py": {
        "softmax": (FAIL, "not finite"),
        "sigmoid": (FAIL, "not finite"),
        "rnn_cell_backward": (FAIL, "not finite"),
    },
    "nothing_but_text.py": {"": (None, "nothing was judged")},
    "objects.py": {
        "softmax": (FAIL, "object"),
        "sigmoid": (FAIL, "Anything"),
        "rnn_cell_forward": (FAIL, "Anything"),
        "rnn_forward": (FAIL, "generator"),
        "rnn_cell_backward": (FAIL, "str"),
        "rnn_backward": (FAIL, "bytes"),
    },
    "patches_numpy.py": {
        "rnn_cell_forward": (FAIL, "a_next"),
        "rnn_cell_backward": (FAIL, "dxt"),
        "softmax": (FAIL, "softmax"),
    },
    "prints_pass.py": {"rnn_cell_backward": (FAIL, "dxt"), "softmax": (FAIL, "softmax")},
    "python2.py": {
        "rnn_cell_forward": (report.NOT_FILLED_IN, "yt_pred is None"),
        "softmax": (PASS, ""),
    },
    "reads_globals.py": {"rnn_cell_backward": (FAIL, "Waa"), "lstm_cell_backward": (FAIL, "n_a")},
    "template.py": {
        "rnn_cell_forward": (NOT_FILLED_IN, ""),
        "rnn_forward": (NOT_FILLED_IN, ""),
        "lstm_cell_forward": (NOT_FILLED_IN, ""),
        "lstm_forward": (NOT_FILLED_IN, ""),
        "rnn_cell_backward": (NOT_FILLED_IN, ""),
        "lstm_cell_backward": (NOT_FILLED_IN, ""),
    },
    "while_defining.py": {
        "softmax": (CRASHED, "SystemExit"),
        "sigmoid": (CRASHED, "ZeroDivisionError"),
        "rnn_cell_forward": (NOT_FILLED_IN, ""),
    },
    "wrong_shapes.py": {
        "softmax": (FAIL, "shape"),
        "rnn_cell_forward": (FAIL, "shape"),
        "lstm_forward": (FAIL, "4 results"),
        "rnn_backward": (FAIL, "shape"),
    },
}


BESIDE = {"floods.py", "leaves_while_defining.py", "memory.py"}  # helpers: judged with a cell only


def test_every_hostile_submission_is_judged():
    """No file is overlooked."""
    assert set(HOSTILE) == {path.name for path in (SUBMISSIONS / "hostile").iterdir()}


def assert_readable(found):
    """All forms of a report can be made, and none of them is a traceback of ours."""
    text = str(found)
    assert "Traceback" not in text
    assert "handrnn/check" not in text
    assert "judged with\n" not in text + "\n"  # a sentence that ends in the middle
    assert "\x1b" not in text
    json.loads(found.to_json())
    for function in found.functions.values():
        proofs = [mistake.proof for mistake in function.mistakes]
        assert not any(proof.endswith(("with", "with ", ":")) for proof in proofs), proofs
        if function.verdict not in (report.PASS, report.NOT_FOUND):
            assert function.where or function.mistakes, f"{function.name}: nothing is said"
        if function.line is not None:
            assert function.source.strip(), f"{function.name}: an empty line is pointed at"


@pytest.mark.sample(3)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_submissions_get_a_verdict_and_a_clear_line(name):
    """Whatever they do: the verdict is right, never PASS for what is broken, and it says why."""
    path = SUBMISSIONS / "hostile" / name
    if name in BESIDE:
        submission = loading.from_text(path.read_text() + BACK)
        found = judge.judge(submission, seconds=SECONDS, second_opinion=False)
    else:
        found = judged(path, seconds=SECONDS)
    assert_readable(found)
    expected = HOSTILE[name]
    if "" in expected:
        assert not found.passed
        assert found.functions == {}
        assert expected[""][1] in str(found)
        return
    passed_over = {one.name: one.why for one in found.not_judged}
    for function, (verdict, text) in expected.items():
        if verdict == NOT_JUDGED:
            assert function not in found.functions
            assert text in passed_over[function]
            continue
        one = found.functions[function]
        allowed = verdict if isinstance(verdict, tuple) else (verdict,)
        assert one.verdict in allowed, str(one)
        assert text in str(one), str(one)
    if any(verdict != PASS for verdict, _ in expected.values()):
        assert not found.passed


def notebook(cells, **more):
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5} | more)


def code(source):
    return {"cell_type": "code", "metadata": {}, "outputs": [], "source": source}


SOFTMAX = """import numpy as np
def softmax(x):
    e = np.exp(x - x.max(axis=0))
    return e / e.sum(axis=0)
"""
SOFTMAX += BACK  # alone it is the course's no more than anybody's
HALF_SOFTMAX = SOFTMAX.replace("e / e", "e / 2 / e")
UNREADABLE = {
    "binary.py": bytes(range(256)) * 64,
    "compiled.py": b"\xa7\r\r\n\x00\x00\x00\x00" + bytes(200),
    "zeros.py": bytes(10_000),
    "utf16.py": HALF_SOFTMAX.encode("utf-16"),
    "latin1.py": ("# caf\xe9\n" + HALF_SOFTMAX).encode("latin-1"),
    "no_such_codec.py": b"# -*- coding: nonsense -*-\n" + HALF_SOFTMAX.encode(),
    "deep.py": b"x = " + b"(" * 5_000 + b")" * 5_000,
    "long_line.py": b"x = [" + b"1," * 100_000 + b"]\n" + HALF_SOFTMAX.encode(),
    "picture.ipynb": b"\x89PNG\r\n\x1a\n" + bytes(1_000),
    "empty.ipynb": b"",
    "no_json.ipynb": b"{'cells': []}",
    "half.ipynb": notebook([code(HALF_SOFTMAX)])[:-40].encode(),
    "list.ipynb": b"[1, 2, 3]",
    "number.ipynb": b"7",
    "no_cells.ipynb": b'{"nbformat": 4}',
    "odd_cells.ipynb": notebook([None, 3, {}, code(None), code(5), code([1, None])]).encode(),
    "deep.ipynb": b"[" * 100_000 + b"]" * 100_000,
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_files_that_are_none(tmp_path, name):
    """Bytes of every sort: no traceback, no PASS, and a line that says what is the matter."""
    path = tmp_path / name
    path.write_bytes(UNREADABLE[name])
    found = judge.judge(loading.load(path), second_opinion=False)
    assert not found.passed
    assert_readable(found)


def test_what_is_wanted_and_not_there_is_no_pass():
    """One right function does not make up for one that is missing."""
    found = judged_text(SOFTMAX, wanted=("softmax", "lstm_backward"))
    assert found.functions["softmax"].verdict == report.PASS
    assert found.functions["lstm_backward"].verdict == report.NOT_FOUND
    assert not found.passed


def test_what_is_said_of_a_maximum_over_the_whole_matrix_is_true():
    """It subtracts a maximum: to say that it does not would be wrong."""
    text = str(judged_text(SOFTMAX.replace("x.max(axis=0)", "x.max()")))
    assert "no maximum is subtracted" not in text


def test_half_precision_is_called_by_its_name():
    """Failing with 0.5 units of rounding is not an explanation; float16 is."""
    text = SOFTMAX.replace(
        "return e / e.sum(axis=0)", "return (e / e.sum(axis=0)).astype('float16')"
    )
    found = judged_text(text).functions["softmax"]
    assert found.verdict == report.FAIL
    assert "float16" in str(found)


LSTM = (SUBMISSIONS / "kills" / "columns.py").read_text()


def wrong_lstm(old, new, wanted="lstm_backward"):
    """The report of a right LSTM with one piece of its text replaced."""
    assert LSTM.count(old) == 1
    return judged_text(LSTM.replace(old, new), (wanted,)).functions[wanted]


def test_clipping_is_named_at_any_bound():
    """The bound is the largest value that comes back."""
    found = wrong_lstm(
        '    gradients = {"dx": dx, "da0": da0, "dWf": dWf, "dbf": dbf, "dWi": dWi, "dbi": dbi,\n'
        '                 "dWc": dWc, "dbc": dbc, "dWo": dWo, "dbo": dbo}\n    return gradients',
        "    return {'dx': dx, 'da0': da0, 'dWf': dWf.clip(-0.3, 0.3), 'dbf': dbf, 'dWi':"
        " dWi.clip(-0.3, 0.3), 'dbi': dbi, 'dWc': dWc, 'dbc': dbc, 'dWo': dWo, 'dbo': dbo}",
    )
    assert found.verdict == report.FAIL
    assert [mistake.id for mistake in found.mistakes] == ["clipped-inside"]
    assert found.mistakes[0].explanation.startswith("dWf, dWi clipped at 0.3 ")


def test_what_is_clipped_into_another_gradient_is_told():
    """np.clip(dWf, -0.2, 0.2, dWi) after the loop."""
    found = wrong_lstm(
        '"dWi": dWi, "dbi": dbi,\n                 "dWc": dWc, "dbc"',
        '"dWi": np.clip(dWf, -0.2, 0.2, dWi), "dbi": dbi,\n                 "dWc": dWc, "dbc"',
    )
    assert found.verdict == report.FAIL
    assert "dWi equals what dWf should be, clipped at 0.2" in str(found.mistakes[0])


def test_caches_that_np_append_cannot_join_are_named():
    text = LSTM.replace(
        "        history.append(memory)", "        history = np.append(history, memory)"
    )
    found = judged_text(text, ("lstm_forward",)).functions["lstm_forward"]
    assert found.verdict == report.CRASHED
    assert [mistake.id for mistake in found.mistakes] == ["caches-wrong"]
    assert found.mistakes[0].wrong == "history = np.append(history, memory)"


def test_a_name_that_numpy_has_removed_is_told_in_a_sentence():
    cell = "\n    cell = np.zeros((n_a, m))"
    found = wrong_lstm(cell, cell.replace("m))", "m), np.float)"), "lstm_forward")
    assert found.verdict == report.PASS
    assert any("np.float left NumPy" in note for note in found.notes)
    found = wrong_lstm(cell, cell.replace("m))", "m), np.float_)"), "lstm_forward")
    assert found.verdict == report.CRASHED
    assert [mistake.id for mistake in found.mistakes] == ["float32"]
    assert "AttributeError" in found.where
    assert len(found.where) < 130
    typo = wrong_lstm("\n    cell = np.zeros(", "\n    cell = np.zerso(", "lstm_forward")
    assert typo.verdict == report.CRASHED
    assert not typo.mistakes


LONG = """
import numpy as np


def softmax(z):
    e = np.exp(z.astype(np.longdouble) - np.max(z, axis=0))
    return (e / np.sum(e, axis=0)).tolist()


def sigmoid(z):
    return 1 / (1 + np.exp(-z.astype(np.longdouble)))
"""


def test_what_is_more_precise_is_measured_in_float64():
    """Units of longdouble against a budget of float64 make no sense."""
    functions = judged_text(LONG + BACK).functions
    assert {"softmax", "sigmoid"} < set(functions)
    for function in functions.values():
        assert function.verdict == report.PASS
        assert max(tensor.units for tensor in function.tensors) < 8


ONE_A_GATE = """
import numpy as np


def lstm_cell_backward(da_next, dc_next, cache):
    a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters = cache
    concat = np.concatenate((a_prev, xt))
    dc = dc_next + da_next * ot * (1 - np.tanh(c_next) ** 2)
    d = {
        "f": dc * c_prev * ft * (1 - ft),
        "i": dc * cct * it * (1 - it),
        "c": dc * it * (1 - cct**2),
        "o": da_next * np.tanh(c_next) * ot * (1 - ot),
    }
    dconcat = sum(np.dot(parameters["W" + gate].T, d[gate]) for gate in d)
    n_a = len(a_prev)
    gradients = {"da_prev": dconcat[:n_a], "dxt": dconcat[n_a:], "dc_prev": dc * ft}
    for gate in d:
        gradients["dW" + gate] = np.dot(d[gate], concat.T)
        gradients["db" + gate] = d[gate].sum(axis=1, keepdims=True)
    return gradients
"""


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [
        ("c_prev * ft * (1 - ft)", "c_prev", 10),
        ("c_prev * ft * (1 - ft)", "c_prev * ft", 10),
        ("(1 - cct**2)", "(1 - np.square(np.tanh(cct)))", 12),
        ("dc = dc_next + da_next", "dc = da_next", 8),  # not what the gates make of it
        ("np.dot(d[gate], concat.T)", "np.dot(d[gate], concat.T) / 3", 5),  # in no line for sure
    ],
)
def test_the_line_of_a_mistake_is_right_or_not_told(right, wrong, line):
    assert ONE_A_GATE.count(right) == 1
    found = judged_text(ONE_A_GATE.replace(right, wrong)).functions["lstm_cell_backward"]
    assert found.verdict == report.FAIL
    assert found.mistakes[0].id != "unexplained"
    assert found.line == line


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("dc = dc_next + da_next * ot", "dc = da_next * ot"),  # all gates wrong by it
        ("concat = np.concatenate((a_prev, xt))", "concat = np.concatenate((xt, a_prev))"),
    ],
)
def test_of_two_lines_that_are_as_likely_none_is_told(right, wrong):
    (line,) = [line for line in ONE_A_GATE.splitlines() if right in line]
    mistaken = line.replace(right, wrong)
    twice = f"    if len(xt) > 3:\n    {mistaken}\n    else:\n    {mistaken}"
    found = judged_text(ONE_A_GATE.replace(line, twice)).functions["lstm_cell_backward"]
    assert found.verdict == report.FAIL
    assert found.source.startswith("def lstm_cell_backward")


def test_two_names_for_one_array_are_found_in_their_line():
    text = LSTM.replace(
        "    states = np.zeros((n_a, m, steps))\n    cells = ", "    cells = states = "
    )
    assert text != LSTM
    found = judged_text(text, ("lstm_forward",)).functions["lstm_forward"]
    assert [mistake.id for mistake in found.mistakes] == ["c-is-a"]
    assert found.source.startswith("cells = states = ")


def test_results_out_of_order_are_the_cells_fault_alone():
    """A cell that returns c_next first, and a loop that takes it so: the loop is right."""
    text = source_of("plain_dot.py").replace(
        "return a_next, c_next, yt_pred, cache", "return c_next, a_next, yt_pred, cache"
    )
    swapped = re.sub(
        r"a_next, c_next, (\w+), (\w+) = lstm_cell", r"c_next, a_next, \1, \2 = lstm_cell", text
    )
    assert swapped != text != source_of("plain_dot.py")
    found = judged_text(swapped).functions
    assert found["lstm_cell_forward"].verdict == report.FAIL
    assert "the order is a_next, c_next" in found["lstm_cell_forward"].where
    assert found["lstm_forward"].verdict == report.PASS
    assert any("your own lstm_cell_forward" in note for note in found["lstm_forward"].notes)


def test_an_epsilon_in_the_denominator_is_a_note():
    """It keeps nothing from overflow and costs eight digits; wrong it is not."""
    text = SOFTMAX.replace("e / e.sum(axis=0)", "e / (e.sum(axis=0) + 1e-8)")
    function = judged_text(text).functions["softmax"]
    assert function.verdict == report.PASS
    assert any("epsilon" in note for note in function.notes)
    large = judged_text(text.replace("1e-8", "1e-3")).functions["softmax"]
    assert large.verdict == report.FAIL


def test_course_functions_in_a_class_are_judged():
    """Of a class that is made without arguments; any other is passed over, and not in silence."""
    head, body = BACK.strip().split("\n", 1)
    text = "class Model:\n    " + head.replace("(", "(self, ") + "\n"
    text += "".join(f"    {line}\n" for line in body.split("\n"))
    found = judged_text(text)
    assert found.passed, str(found)
    assert [*found.functions] == ["Model.rnn_cell_backward"]
    assert "a method of Model" in " ".join(found.functions["Model.rnn_cell_backward"].notes)
    wrong = judged_text(text.replace("a_next**2", "a_next"))
    (mistake,) = wrong.functions["Model.rnn_cell_backward"].mistakes
    assert mistake.id == "wrong-variable"
    made = text.replace("Model:\n", "Model:\n    def __init__(self, units):\n        pass\n")
    found = judged_text(made)
    assert not found.passed
    assert found.functions == {}
    assert [one.name for one in found.not_judged] == ["Model"]
