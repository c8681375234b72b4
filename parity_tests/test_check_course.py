"""What public files of the course's functions get wrong, in small: named in the author's words."""

from pathlib import Path

import pytest

from handrnn import check
from handrnn.check.report import data as report

WRONG = Path(__file__).parent / "submissions" / "course" / "wrong"
CASES = {  # file: function, id, text of the line that is wrong, words of the report
    "caches_for_caches_t": (
        "rnn_backward",
        "wrong-variable",
        "gradients = rnn_cell_backward(da[:, :, t] + da_prevt, caches)",
        "rnn_cell_backward(da[:, :, t] + da_prevt, caches[t])",
    ),
    "parameters_tmp": (
        "lstm_cell_backward",
        "reads-global",
        'dk = parameters_tmp["Wf"].T @ dft',
        "parameters_tmp is not taken from cache; judged with the value that cache holds",
    ),
    "tuple_returned": (
        "rnn_cell_backward",
        "unexplained",
        "def rnn_cell_backward",
        "one after another, asked for is a dict; its numbers are right",
    ),
    "scipy_softmax": (
        "rnn_cell_forward",
        "softmax-wrong",
        "yt_pred = softmax(",
        "imported from scipy.special",
    ),
    "prev_from_results": (
        "rnn_forward",
        "state-offset",
        "a_next, yt_pred, cache = rnn_cell_forward(x[:, :, t], a[:, :, t - 1], parameters)",
        "a_next = a0; rnn_cell_forward(x[:, :, t], a_next, parameters)",
    ),
    "da0_direct": ("rnn_backward", "wrong-variable", "da0 = da[:, :, t]", "da0 = da_prevt"),
    "cache_tuple": ("lstm_forward", "caches-wrong", "caches = (cache, x)", "caches = (caches, x)"),
}


@pytest.mark.sample(9)
@pytest.mark.parametrize("name", CASES)
def test_it_is_named_with_its_line(name):
    """And whatever else is in the file passes."""
    function, id, line, words = CASES[name]
    found = check.file(WRONG / f"{name}.py", second_opinion=False)
    (wrong,) = found.wrong
    assert wrong.name == function
    assert wrong.verdict == (report.CRASHED if name == "caches_for_caches_t" else report.FAIL)
    assert [mistake.id for mistake in wrong.mistakes] == [id]
    assert wrong.source.startswith(line)
    (mistake,) = wrong.mistakes
    assert words in "\n".join([mistake.explanation, mistake.proof, mistake.right])


def test_the_imported_softmax_is_told_its_axis():
    """And one of the author's own is not called an imported one."""
    found = check.file(WRONG / "scipy_softmax.py", second_opinion=False)
    assert found.functions["rnn_cell_forward"].mistakes[0].right == "softmax(..., axis=0)"
    text = (WRONG / "scipy_softmax.py").read_text()
    own = "def softmax(z):\n    return np.exp(z) / np.sum(np.exp(z))"
    text = text.replace("from scipy.special import softmax", own)
    named = check.text(text, second_opinion=False).functions["rnn_cell_forward"].mistakes
    assert not any("imported" in mistake.explanation for mistake in named)


def test_a_loop_that_reads_the_tuple_excuses_it():
    """Gradients one after another are right where the author's own loop takes them so."""
    text = (WRONG / "tuple_returned.py").read_text() + LOOP
    found = check.text(text, second_opinion=False)
    assert found.passed, found
    assert "one after another" in found.functions["rnn_cell_backward"].notes[0]


LOOP = """

def rnn_backward(da, caches):
    caches, x = caches
    n_a, m, T = da.shape
    dx, back = np.zeros((x.shape[0], m, T)), np.zeros((n_a, m))
    dWax, dWaa, dba = 0, 0, 0
    for t in reversed(range(T)):
        dx[:, :, t], back, *steps = rnn_cell_backward(da[:, :, t] + back, caches[t])
        dWax, dWaa, dba = dWax + steps[0], dWaa + steps[1], dba + steps[2]
    return {"dx": dx, "da0": back, "dWax": dWax, "dWaa": dWaa, "dba": dba}
"""
