"""What the checker once got wrong, found with the wrong functions of ``submissions/wrong``."""

import pytest

from handrnn import check
from handrnn.check.report import data as report
from parity_tests import wrong

CRASHES_ON_A_VECTOR = [
    entry
    for _, entry in wrong.entries()
    if entry["base"].startswith("cmu/right/gru") and entry["kind"] == "crash"
]


def judged(base, *edits):
    """The report of a right submission with some of its lines replaced: (line, old, new)."""
    text = (wrong.SUBMISSIONS / base).read_text()
    edits = [dict(zip(("line", "old", "new"), edit, strict=True)) for edit in edits]
    return check.text(wrong.changed(text, edits), second_opinion=False)


def kinds(function):
    return [one.id for one in function.mistakes]


@pytest.mark.sample(4)
@pytest.mark.parametrize("entry", CRASHES_ON_A_VECTOR[-4:])
def test_what_raises_is_judged_in_a_dialect_without_examples(entry):
    """Its square matrices keep the one example that the dialect prescribes."""
    edits = [(one["line"], one["old"], one["new"]) for one in entry["edits"]]
    found = judged(entry["base"], *edits)
    assert found.functions[entry["function"]].verdict == report.CRASHED
    assert not found.problems


def test_no_helper_is_supplied_to_a_program_that_could_not_have_it(tmp_path):
    """It has a method of that name only, and imports nothing but NumPy."""
    entry = [one for _, one in wrong.entries() if one["base"].startswith("holberton/")][-1]
    assert entry["sentence"] == "self is forgotten."
    path = tmp_path / "cell.py"
    path.write_text(wrong.changed((wrong.SUBMISSIONS / entry["base"]).read_text(), entry["edits"]))
    found = check.file(path, second_opinion=False).functions["GRUCell.forward"]
    assert found.verdict == report.CRASHED
    assert found.where == "NameError: sigmoid is not defined: did you mean self.sigmoid?"


STEP = """def rnn_cell_forward(xt, a_prev, parameters):
    a_next = np.tanh(
        np.dot(parameters["Wax"], xt) + np.dot(parameters["Waa"], a_prev) + parameters["ba"]
    )
    yt = softmax(np.dot(parameters["Wya"], a_next) + parameters["by"])
    return a_next, yt, (a_next, a_prev, xt, parameters)
"""
NUMPY = "import numpy as np\n"


@pytest.mark.parametrize(
    ("head", "verdict"),
    [
        ("", report.PASS),  # a part of a program, as NumPy is missing too
        (NUMPY, report.CRASHED),
        (NUMPY + "from rnn_utils import sigmoid\n", report.CRASHED),
        (NUMPY + "from rnn_utils import *\n", report.PASS),
        (NUMPY + "from rnn_utils import softmax\n", report.PASS),
        (NUMPY + "softmax = made_elsewhere()\n", report.PASS),
        (NUMPY + "exec(open('utils.py').read())\n", report.PASS),
        ("import math\n", report.CRASHED),
    ],
)
def test_helpers_are_supplied_to_what_may_have_them(tmp_path, head, verdict):
    path = tmp_path / "cell.py"
    path.write_text(head + STEP)
    found = check.file(path, second_opinion=False)
    assert found.functions["rnn_cell_forward"].verdict == verdict, str(found)


@pytest.mark.long
def test_what_stops_with_right_partners_only_is_judged_with_its_own():
    """The layer takes Wh before Wx, so that no other layer can stand for its own."""
    edit = (
        69,
        "grads = [a + b for a, b in zip(grads, gru.grads)]",
        "grads = [b + b for a, b in zip(grads, gru.grads)]",
    )
    found = judged("dlfs2/right/gru_h_first.py", edit)
    assert found.functions["TimeGRU.backward"].verdict == report.FAIL
    assert found.functions["TimeGRU.forward"].verdict == report.PASS
    assert "TimeGRU.backward" not in {one.name for one in found.not_judged}


def left(found):
    return {one.name: one.why for one in found.not_judged}


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("base", "forward", "backward", "edit"),
    [
        (
            "dlfs2/right/time_layers.py",
            "LSTM.forward",
            "LSTM.backward",
            (105, "c_next = f * c_prev + g * i", "c_next = f * h_prev + g * i"),
        ),
        (
            "cmu/right/gru_cell_template.py",
            "GRUCell.forward",
            "GRUCell.backward",
            (
                74,
                "self.n_state = self.Wnh @ h_prev_t + self.bnh",
                "self.n_state = self.Wnh @ h_prev_t",
            ),
        ),
        (
            "numpy_ml/right/both_cells.py",
            "LSTMCell.forward",
            "LSTMCell.backward",
            (80, "new = f * c + u * cc", "new = f * c + o * cc"),
        ),
    ],
)
def test_a_backward_method_waits_for_its_forward_method(base, forward, backward, edit):
    found = judged(base, edit)
    assert {n for n, f in found.functions.items() if not f.passed} == {forward}
    why = f"it goes on from what {forward} keeps, which is wrong: repair that first"
    assert left(found)[backward] == why


@pytest.mark.long
def test_a_loop_whose_gradient_starts_as_zero_is_not_blamed_for_its_cell():
    """Its cell is called with dc = 0, which a right one has to take too."""
    edit = (
        112,
        "x, h_prev, c_prev, i, f, g, o, c_next = self.cache",
        "x, h_prev, c_prev, f, i, g, o, c_next = self.cache",
    )
    found = judged("dlfs2/right/time_layers.py", edit).functions
    assert [n for n, f in found.items() if not f.passed] == ["LSTM.backward"]
    assert found["TimeLSTM.backward"].verdict == report.PASS


def test_a_loop_that_no_right_cell_fits_waits_for_its_own():
    edit = (
        16,
        "n = np.tanh(x @ Wx[:, 2*H:] + (r * h_prev) @ Wh[:, 2*H:] + b[2*H:])",
        "n = np.tanh(x @ Wx[:, 2*H:] + (r * h_prev) @ Wh[:, 2*H:] + b[2*H - 1:-1])",
    )
    found = judged("dlfs2/right/gru_h_first.py", edit)
    assert [n for n, f in found.functions.items() if not f.passed] == ["GRU.forward"]
    assert "GRU.forward" in left(found)["TimeGRU.forward"]


def test_a_cache_may_be_an_object_a_step():
    """Its backward function is wrong, and cannot speak for the caches."""
    edit = (62, 'carried = gradients.pop("da_prev")', 'carried = gradients.pop("da_prev") * 2')
    found = judged("right/data_classes.py", edit).functions
    assert [n for n, f in found.items() if not f.passed] == ["rnn_backward"]
    assert any("an object a step, of the class Step" in note for note in found["rnn_forward"].notes)


BACK = "return np.tanh(np.concatenate([h_next, x_t], -1) @ self.Whb + self.bhb)"
OUTPUT = "return soft(H @ self.Wy + self.by)"


@pytest.mark.long
@pytest.mark.parametrize(
    ("method", "edit"),
    [
        ("BidirectionalCell.backward", (47, BACK, BACK.replace("bhb", "bhf"))),
        ("BidirectionalCell.output", (50, OUTPUT, OUTPUT.replace("self.by", "2 * self.by"))),
    ],
)
def test_a_loop_is_not_blamed_for_the_object_that_it_is_handed(method, edit):
    found = judged("holberton/right/8-bi_rnn_all.py", edit).functions
    assert [n for n, f in found.items() if not f.passed] == [method]
    assert any(f"repair {method} first" in note for note in found["bi_rnn"].notes)


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("base", "function", "edit", "said"),
    [
        (
            "cs231n/right/terse.py",
            "lstm_forward",
            (50, "hs.append(h); cache.append(k)", "hs.append(c); cache.append(k)"),
            "next_c is kept instead of next_h",
        ),
        (
            "dlfs2/right/time_layers.py",
            "TimeLSTM.forward",
            (153, "hs[:, t, :] = self.h", "hs[:, t, :] = self.c"),
            "c_next is kept instead of h_next",
        ),
    ],
)
def test_two_arrays_are_not_one_where_only_one_is_returned(base, function, edit, said):
    [named] = judged(base, edit).functions[function].mistakes
    assert named.id == "c-is-a"
    assert said in named.explanation
    assert "c = a" not in named.wrong


def test_a_misspelt_name_is_not_a_global():
    edit = (48, "dz = da_next * (1 - cache.a**2)", "dz = d_next * (1 - cache.a**2)")
    found = judged("right/data_classes.py", edit)
    crashed = found.functions["rnn_cell_backward"]
    assert crashed.where == "NameError: d_next is not defined: did you mean da_next?"
    assert "reads-global" not in kinds(crashed)
    assert [n for n, f in found.functions.items() if not f.passed] == ["rnn_cell_backward"]


def test_the_branch_of_an_argument_that_is_never_given_was_not_judged():
    pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")
    edit = (
        63,
        "a = torch.mm(x, Wx) + torch.mm(prev_h, Wh) + b + torch.mm(attn, Wattn)",
        "a = torch.mm(x, Wx) + b + torch.mm(attn, Wattn)",
    )
    found = judged("eecs498/right/attention_too.py", edit).functions["lstm_step_forward"]
    note = "attn is None in every run: what is done where it is not was not judged"
    assert note in found.notes
