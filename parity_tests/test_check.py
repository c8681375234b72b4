"""The checker as a caller has it: `handrnn.check`."""

import json
import time
from pathlib import Path

import numpy as np
import pytest

from handrnn import check, course
from handrnn.check import cli
from handrnn.course import batch_first

SUBMISSIONS = Path(__file__).parent / "submissions"
EXAMPLE = SUBMISSIONS / "my_lstm.py"
FUNCTIONS = ["rnn_cell_forward", "rnn_forward", "lstm_cell_forward", "lstm_forward"]
FUNCTIONS += ["rnn_cell_backward", "rnn_backward", "lstm_cell_backward", "lstm_backward"]
LAYER = """
import numpy as np

class RNN:
    def __init__(self, input_size, hidden_size, output_size, bptt_length):
        self.sizes = input_size, hidden_size
        self.W = np.random.rand(input_size + hidden_size + 1, hidden_size)
        self.V = np.random.rand(hidden_size, output_size)

    def forward(self, x):
        self.steps, h = [], np.zeros(self.sizes[1])
        for row in x:
            joined = np.concatenate([row, h, [1]])
            h = np.tanh(joined @ self.W)
            self.steps.append((joined, h))
        return np.array([h for _, h in self.steps]) @ self.V

    def backward(self, error):
        n = self.sizes[0]
        self.dW, dh, dx = np.zeros_like(self.W), 0, np.zeros((len(error), n))
        for t in reversed(range(len(error))):
            joined, h = self.steps[t]
            dz = (error[t] @ self.V.T + dh) * (1 - h ** 2)
            self.dW += np.outer(joined, dz)
            back = self.W @ dz
            dx[t], dh = back[:n], back[n:-1]
        return dx

    def get_weights(self):
        return self.W.copy()

    def set_weights(self, weights):
        self.W = weights.copy()

    def get_gradient_weights(self):
        return self.dW.copy()
"""


def judged(fn, name=None, dialect=None):
    return check.function(fn, name, dialect, second_opinion=False)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_our_own_functions_pass(name):
    assert judged(getattr(course, name)).passed
    if hasattr(batch_first, name):
        assert judged(getattr(batch_first, name), dialect="batch_first").passed


def test_a_file():
    report = check.file(EXAMPLE, second_opinion=False)
    assert not report.passed
    wrong = report.functions["lstm_backward"]
    assert wrong.verdict == "FAIL"
    assert [mistake.id for mistake in wrong.mistakes] == ["one-path-not-carried"]
    assert "lstm_cell_backward(" in wrong.source
    assert wrong.line is not None
    assert EXAMPLE.read_text().splitlines()[wrong.line - 1].strip() == wrong.source.strip()
    right = [name for name, function in report.functions.items() if function.passed]
    assert right == ["lstm_cell_forward", "lstm_forward", "lstm_cell_backward", "sigmoid"]
    with pytest.raises(AssertionError, match="one-path-not-carried"):
        report.raise_if_failed()
    data = json.loads(report.to_json())
    assert data["passed"] is False
    assert data["functions"]["lstm_backward"]["mistakes"][0]["id"] == "one-path-not-carried"


def test_one_function_of_a_file():
    report = check.file(f"{EXAMPLE}::lstm_cell_backward", second_opinion=False)
    assert report.passed
    assert list(report.functions) == ["lstm_cell_backward"]
    missing = check.file(f"{EXAMPLE}::rnn_backward", second_opinion=False)
    assert missing.functions["rnn_backward"].verdict == "NOT FOUND"
    assert not missing.passed


def test_no_file_and_many():
    with pytest.raises(FileNotFoundError):
        check.file(SUBMISSIONS / "nobody.py")
    with pytest.raises(ValueError, match="files"):
        check.file(SUBMISSIONS / "right")


def test_text_without_functions_is_no_pass():
    assert not check.text("x = 1").passed


def test_a_live_function_is_judged_under_another_name():
    def mine(da_next, cache):
        gradients = course.rnn_cell_backward(da_next, cache)
        gradients["dba"] = 2 * gradients["dba"]
        return gradients

    report = judged(mine, "rnn_cell_backward")
    assert report.functions["rnn_cell_backward"].verdict == "FAIL"
    assert "dba" in report.functions["rnn_cell_backward"].where
    with pytest.raises(ValueError, match="mine is not a function of a dialect: name= can be "):
        judged(mine)
    with pytest.raises(TypeError, match="cannot be called"):
        judged(3)
    with pytest.raises(ValueError, match="there is no dialect rows"):
        judged(mine, "rnn_cell_backward", "rows")


def test_a_live_function_cannot_end_or_change_this_process():
    kept = np.allclose

    def rnn_forward(x, a0, parameters):
        np.allclose = lambda *anything: True
        raise SystemExit(0)

    assert judged(rnn_forward).functions["rnn_forward"].verdict == "CRASHED"
    assert np.allclose is kept


def test_assert_parity():
    check.assert_parity(course.lstm_cell_forward, second_opinion=False)
    with pytest.raises(AssertionError, match="FAIL"):
        check.assert_parity(lambda z: z, "sigmoid", second_opinion=False)


def test_layer_classes_are_judged_too():
    report = check.text(LAYER, second_opinion=False)
    assert report.passed
    assert {"RNN.forward", "RNN.backward"} <= set(report.functions)
    wrong = check.text(LAYER.replace("back[n:-1]", "0.9 * back[n:-1]"), second_opinion=False)
    assert wrong.functions["RNN.forward"].verdict == "PASS"
    assert wrong.functions["RNN.backward"].verdict == "FAIL"


def test_torch_is_the_witness():
    torch = pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")
    report = check.file(EXAMPLE)
    assert f"confirmed by torch {torch.__version__}" in report.functions["lstm_backward"].witness


@pytest.mark.long
def test_sixty_files_take_less_than_two_minutes(tmp_path, capsys):
    helpers = "sigmoid_and_softmax_only.py"  # in which nothing recurrent can be judged
    paths = sorted(p for p in (SUBMISSIONS / "right").glob("*.py") if p.name != helpers)
    for k in range(60):
        (tmp_path / f"student_{k:02d}.py").write_bytes(paths[k % len(paths)].read_bytes())
    start = time.perf_counter()
    assert cli.main(["check", str(tmp_path), "--no-torch"]) == 0
    assert time.perf_counter() - start < 120
    assert "60 of 60 files right" in capsys.readouterr().out
