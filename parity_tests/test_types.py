"""What a user writes has types, for pyright and for mypy."""

import os
import re
import subprocess
import sys

import pytest

from parity_tests import lab_harness

USE = """\
import numpy as np

import handrnn
from handrnn import check, nn

x = np.ones((2, 3, 5), np.float32)
lstm, gru = nn.LSTM(5, 4), nn.GRU(5, 4, num_layers=2, device="cpu")
y, (h, c) = lstm(x, lengths=[2, 1, 2])
reveal_type(y)  # ndarray
reveal_type(c)  # ndarray
reveal_type(gru(x, gru(x)[1])[1])  # ndarray
reveal_type(lstm(x, need_output=False)[0])  # None
reveal_type(lstm.backward(y, (None, c))[1][0])  # ndarray
reveal_type(nn.LSTMCell(5, 4)(x[0])[1])  # ndarray
reveal_type(nn.Sequential(nn.Embedding(3, 2), nn.Linear(2, 2))([1, 2]))  # ndarray
reveal_type(lstm.params["weight_hh_l0"])  # ndarray
reveal_type(lstm.weight_hh_l0)  # ndarray
reveal_type(next(lstm.parameters()).requires_grad)  # bool
reveal_type(lstm.eval())  # LSTM
reveal_type(check.file("a.py", hint="place"))  # FileReport
reveal_type(handrnn.check.function(len).passed)  # bool
nn.LSTM(5, "4")  # error
nn.RNN(5, 4, nonlinearity="rely")  # error
check.file("a.py", hint="everything")  # error
handrnn.nn.GRU(5, 4)(x, lengths=[2, 1, 2], need_outputs=False)  # error
"""
CHECKERS = {
    "pyright": (["pyright", "--pythonpath", sys.executable, "use.py"], r"use\.py:(\d+):"),
    "mypy": (
        [sys.executable, "-m", "mypy", "--follow-imports=silent", "use.py"],
        r"use\.py:(\d+):",
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("name", CHECKERS)
def test_a_users_program_has_types(name, tmp_path):
    lab_harness.needs(name, "dev")
    (tmp_path / "use.py").write_text(USE)
    command, place = CHECKERS[name]
    root = os.fspath(lab_harness.ROOT)
    (tmp_path / "pyrightconfig.json").write_text(f'{{"extraPaths": ["{root}"]}}')
    environment = {**lab_harness.ENVIRONMENT, "MYPYPATH": root}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    said: dict[int, str] = {}
    for line in done.stdout.splitlines():
        if found := re.search(place, line):
            said[int(found[1])] = said.get(int(found[1]), "") + line
    lines = [line.partition("  # ") for line in USE.splitlines()]
    expected = {number: word for number, (_, _, word) in enumerate(lines, start=1) if word}
    assert said.keys() == expected.keys(), done.stdout
    for number, word in expected.items():
        assert word in said[number], done.stdout
        assert ("error" in said[number]) == (word == "error"), done.stdout
