"""What a loop does to the caches of its cell, and what is said where no number came back."""

import numpy as np
import pytest

from handrnn import check
from handrnn.course import sigmoid, softmax

CELL = """
def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    p = parameters
    concat = np.concatenate((a_prev, xt))
    ft = sigmoid(p["Wf"] @ concat + p["bf"])
    it = sigmoid(p["Wi"] @ concat + p["bi"])
    cct = np.tanh(p["Wc"] @ concat + p["bc"])
    ot = sigmoid(p["Wo"] @ concat + p["bo"])
    c_next = ft * c_prev + it * cct
    a_next = ot * np.tanh(c_next)
    yt = softmax(p["Wy"] @ a_next + p["by"])
    return a_next, c_next, yt, (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, p)
"""
COPYING = CELL.replace("(a_next, c_next, a_prev, c_prev, ft", "(*copies, ft").replace(
    "    return", "    copies = [v.copy() for v in (a_next, c_next, a_prev, c_prev)]\n    return"
)
LOOP = """
def lstm_forward(x, a0, parameters):
    n_x, m, T = x.shape
    n_y, n_a = parameters["Wy"].shape
    a, c, y = np.zeros((n_a, m, T)), np.zeros((n_a, m, T)), np.zeros((n_y, m, T))
    caches = []
    a_next, c_next = START
    for t in range(T):
        STATES, yt, cache = lstm_cell_forward(x[:, :, t], a_next, c_next, parameters)
        a[:, :, t], c[:, :, t], y[:, :, t] = a_next, c_next, yt
        caches.append(cache)
    return a, y, c, (caches, x)
"""
STARTS = {
    "a0, np.zeros_like(a0)": [],
    "a0, c[:, :, 0]": ["cell-state-view"],
    "a[:, :, 0], c[:, :, 0]": ["cell-state-view"],
    "a[:, :, 0], np.zeros_like(a0)": ["a0-ignored"],
    "np.zeros_like(a0), np.zeros_like(a0)": ["a0-ignored"],
    "np.zeros_like(a0), c[:, :, 0]": ["a0-ignored", "cell-state-view"],
}


def loop(start, states="a_next, c_next"):
    return LOOP.replace("START", start).replace("STATES", states)


def judged(source, **options):
    """The report on lstm_forward."""
    source = f"import numpy as np\n{source}"
    return check.text(source, second_opinion=False, **options).functions["lstm_forward"]


def named(report):
    return [mistake.id for mistake in report.mistakes]


@pytest.mark.sample(6)
@pytest.mark.parametrize("start", STARTS)
def test_views_of_states_are_seen_in_the_caches(start):
    """By itself, with a right cell, with a wrong one, and as a live function."""
    ids = STARTS[start]
    wrong_cell = CELL.replace("ft * c_prev", "ft + c_prev")
    for source in (loop(start), CELL + loop(start), wrong_cell + loop(start)):
        assert named(judged(source)) == ids
    assert named(judged(CELL + loop(start), wanted=["lstm_forward"])) == ids
    namespace = {"np": np, "sigmoid": sigmoid, "softmax": softmax}
    exec(CELL + loop(start), namespace)
    live = check.function(namespace["lstm_forward"], second_opinion=False)
    assert named(live.functions["lstm_forward"]) == ids
    assert live.passed == (not ids)


@pytest.mark.long
def test_a_cell_that_copies_is_not_harmed_by_its_loop():
    """States in buffers that are written anew at every step: right with such a cell only."""
    buffers = loop("a0.copy(), np.zeros_like(a0)", states="a_next[:], c_next[:]")
    for wanted in ([], ["lstm_forward"]):
        right = judged(COPYING + buffers, wanted=wanted)
        assert right.passed
        assert any("right with your own lstm_cell_forward" in note for note in right.notes)
        wrong = judged(CELL + buffers, wanted=wanted)
        assert wrong.verdict == "FAIL"
        assert "caches." in wrong.where
    assert judged(COPYING + loop("a0, c[:, :, 0]")).passed
    assert named(judged(COPYING + loop("a[:, :, 0], c[:, :, 0]"))) == ["a0-ignored"]


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ("object()", "no numbers that could be compared"),
        ("'a', 'b', object()", "no numbers that could be compared"),
        ("{}", "no numbers that could be compared"),
        ("np.array([object()])", "no numbers that could be compared"),
        ("xt", "no numbers that could be compared"),
        ("course.rnn_cell_forward(xt, a_prev, parameters)[:1]", "some of its results are not"),
        (
            "(*course.rnn_cell_forward(xt, a_prev, parameters), 1)",
            "its numbers are right, the form",
        ),
    ],
)
def test_numbers_are_called_right_only_where_there_are_some(returned, words):
    source = (
        "import numpy as np\nfrom handrnn import course\n"
        f"def rnn_cell_forward(xt, a_prev, parameters):\n    return {returned}\n"
    )
    found = check.text(source, second_opinion=False).functions["rnn_cell_forward"]
    assert found.verdict == "FAIL"
    (mistake,) = found.mistakes
    assert mistake.id == "unexplained"
    assert words in mistake.explanation


def test_what_is_missing_names_no_mistake():
    """A mistake in results that did not come back cannot be told from another one."""
    source = """
import numpy as np
def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    return {"dxt": parameters["Wax"].T @ ((1 - a_next**2) * da_next)}
"""
    found = check.text(source, second_opinion=False).functions["rnn_cell_backward"]
    assert [mistake.id for mistake in found.mistakes] == ["unexplained"]
    assert "dba is missing" in found.where
