"""Torch modules in files: right ones pass, wrong ones fail, what cannot be read is listed."""

import importlib.util
import os
from pathlib import Path

import pytest

from handrnn import check
from handrnn.check.load import loading
from handrnn.check.report import data as report
from handrnn.check.sequences import module_classes

torch = pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")

HERE = Path(__file__).parent / "submissions"
FOLDER = HERE / "torch_modules"
RIGHT = sorted(path.stem for path in (FOLDER / "right").glob("*.py"))
WRONG = sorted(path.stem for path in (FOLDER / "wrong").glob("*.py"))
QUICK = {"lstm_bias_a_gate", "char_model_wrapped", "lstm_cell_chunk", "state_kept_between_calls"}
OF_AUTOGRAD = {"detached_state"}  # the outputs of forward are right, its graph is not
NAMED = {  # mistakes that are named; of all others nothing is
    "cell_not_carried": "a0-every-step",
    "detached_state": "one-path-not-carried",
    "forget_bias_missing": "one-bias-for-several",
    "gru_turned_and_without_reset": "term-missing",
    "sigmoid_candidate": "wrong-activation",
    "sigmoid_of_cell": "wrong-activation",
    "state_kept_between_calls": "keeps-state",
}


def some(names):
    """The quick ones in the default suite, the others in the long one: each imports torch."""
    return [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.long, id=name)
        for name in names
    ]


def judge(path):
    submission = loading.load(path)
    return module_classes.judge_file(submission, submission.definitions.values(), 30.0)


@pytest.mark.sample(3)
@pytest.mark.parametrize("name", some(RIGHT))
def test_right_modules_pass(name):
    functions, skipped = judge(FOLDER / "right" / f"{name}.py")
    assert not skipped
    assert functions
    assert all(function.passed for function in functions.values()), list(map(str, functions))
    assert {function.dialect for function in functions.values()} == {"torch"}
    classes = {name.partition(".")[0] for name in functions}
    assert set(functions) == {f"{one}.{way}" for one in classes for way in ("forward", "backward")}


@pytest.mark.long
@pytest.mark.parametrize("name", some(WRONG))
def test_wrong_modules_fail(name):
    path = FOLDER / "wrong" / f"{name}.py"
    method = path.read_text().partition("# wrong: ")[2].partition(":")[0]
    if name in OF_AUTOGRAD:
        method = method.replace("forward", "backward")
    functions, _ = judge(path)
    wrong = {name for name, function in functions.items() if not function.passed}
    assert wrong == {method}
    judged = functions[method]
    assert judged.verdict == report.FAIL
    assert judged.where
    assert {mistake.id for mistake in judged.mistakes} == {NAMED.get(name, "unexplained")}


UNREAD = """
import torch
import torch.nn as nn

class MLP(nn.Module):
    def __init__(self, n_in, n_hid):
        super().__init__()
        self.a, self.b = nn.Linear(n_in, n_hid), nn.Linear(n_hid, n_hid)

    def forward(self, x):
        return torch.tanh(self.b(torch.tanh(self.a(x))))

class PeepholeLSTM(nn.Module):
    def __init__(self, n_in, n_hid):
        super().__init__()
        self.x2h, self.h2h = nn.Linear(n_in, 4 * n_hid), nn.Linear(n_hid, 4 * n_hid)
        self.peephole = nn.Parameter(torch.zeros(3, n_hid))

    def forward(self, x, state):
        return x

class FromSettings(nn.Module):
    def __init__(self, settings):
        super().__init__()
        self.lstm = nn.LSTM(settings.inputs, settings.units)

    def forward(self, x):
        return self.lstm(x)

class AttentionLSTM(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_classes):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, batch_first=True)
        self.score, self.out = nn.Linear(hidden_dim, 1), nn.Linear(hidden_dim, num_classes)

    def forward(self, ids):
        y, _ = self.lstm(self.embedding(ids))
        return self.out((torch.softmax(self.score(y), 1) * y).sum(1))

class TodoLSTM(nn.Module):
    def __init__(self, n_in, n_hid):
        super().__init__()
        self.x2h, self.h2h = nn.Linear(n_in, 4 * n_hid), nn.Linear(n_hid, 4 * n_hid)

    def forward(self, x, state):
        raise NotImplementedError

class LoopingGRU(nn.Module):
    def __init__(self, n_in, n_hid):
        super().__init__()
        self.gru = nn.GRU(n_in, n_hid)

    def forward(self, x):
        while True:
            pass

class Plain:
    def forward(self, x):
        return x
"""


@pytest.mark.long
def test_what_cannot_be_read_is_listed_and_nothing_false_is_said(tmp_path):
    path = tmp_path / "mixed.py"
    path.write_text(UNREAD)
    found = check.file(path, seconds=30.0, second_opinion=False)
    verdicts = {name: function.verdict for name, function in found.functions.items()}
    assert verdicts == {
        "TodoLSTM.forward": report.NOT_FILLED_IN,
        "LoopingGRU.forward": report.TIMED_OUT,
    }
    why = {one.name: (one.why, one.command) for one in found.not_judged}
    assert set(why) == {*("MLP", "PeepholeLSTM", "FromSettings", "AttentionLSTM", "Plain")}
    assert "peephole (3, 6) has no part" in why["PeepholeLSTM"][0]
    assert "no attribute 'inputs'" in why["FromSettings"][0]
    assert "nothing that it returns is the state" in why["AttentionLSTM"][0]
    assert why["PeepholeLSTM"][1].startswith("check.sequence(PeepholeLSTM(...)")


def test_a_file_is_judged_with_no_adapter():
    found = check.file(FOLDER / "right" / "wrapped_gru_constants.py", second_opinion=False)
    found.raise_if_failed()
    assert list(found.functions) == ["Net.forward", "Net.backward"]
    notes = found.functions["Net.forward"].notes
    assert "it holds torch's own GRU (gru)" in notes
    assert "head (Linear) reads the states out: replaced by the identity" in notes


def test_without_torch_it_says_so(monkeypatch):
    monkeypatch.setattr(module_classes.importlib.util, "find_spec", lambda name: None)
    functions, skipped = judge(FOLDER / "right" / "lstm_packed.py")
    assert not functions
    assert [one.name for one in skipped] == ["MyLSTM"]
    assert skipped[0].why.startswith("needs torch")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="modules are run in a fork of this process")
@pytest.mark.parametrize("name", ["cell_of_one_step", "module_bias_a_gate", "wrapped_torch_lstm"])
def test_modules_of_the_running_program_pass(name):
    spec = importlib.util.spec_from_file_location(name, HERE / "sequences" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    there = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(there)
    make = vars(there).get("LSTMCell") or vars(there).get("LSTM")
    module = there.Net() if hasattr(there, "Net") else make(5, 4)  # pyright: ignore
    check.sequence(module, cell="lstm").raise_if_failed()
