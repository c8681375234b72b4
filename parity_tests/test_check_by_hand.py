"""What has its answer from a library is not by hand; the same file gets the same report."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from handrnn import check
from handrnn.check.report import data

SUBMISSIONS = Path(__file__).parent / "submissions"
HEAD = "import numpy as np\n"
CELL = "def rnn_cell_forward(xt, a_prev, parameters):\n    "
BORROWED = {
    "imported": (
        "from handrnn import course\n",
        "return course.rnn_cell_forward(xt, a_prev, parameters)",
    ),
    "imported inside": (
        "",
        "from handrnn import course as c; return c.rnn_cell_forward(xt, a_prev, parameters)",
    ),
    "looked up": (
        "import sys\n",
        "return sys.modules['handrnn'].course.rnn_cell_forward(xt, a_prev, parameters)",
    ),
    "by importlib": (
        "import importlib\n",
        "c = importlib.import_module('handrnn'); "
        "return c.course.rnn_cell_forward(xt, a_prev, parameters)",
    ),
}


def judged(text, **options):
    return check.text(text, second_opinion=False, **options).functions["rnn_cell_forward"]


@pytest.mark.parametrize("name", BORROWED)
def test_an_answer_from_a_library_does_not_pass(name):
    head, body = BORROWED[name]
    found = judged(HEAD + head + CELL + body + "\n")
    assert (found.verdict, found.passed) == (data.NOT_BY_HAND, False)
    assert "handrnn" in found.where
    assert found.line is not None
    assert judged(HEAD + head + CELL + body + "\n", allow=["handrnn"]).passed


def test_a_helper_module_beside_the_file_is_looked_into(tmp_path):
    (tmp_path / "my_helpers.py").write_text("from handrnn.course import rnn_cell_forward as f\n")
    path = tmp_path / "mine.py"
    path.write_text("from my_helpers import f\n" + CELL + "return f(xt, a_prev, parameters)\n")
    found = check.file(path, second_opinion=False).functions["rnn_cell_forward"]
    assert found.verdict != data.PASS


@pytest.mark.parametrize(
    "path", ["dlfs2/right/rnn_only_float64.py", "cmu/right/own_activations.py", "my_lstm.py"]
)
def test_what_is_by_hand_is_not_suspected(path):
    """Methods called backward, attributes called grads: the words of a library are not it."""
    report = check.file(SUBMISSIONS / path, second_opinion=False)
    assert data.NOT_BY_HAND not in {f.verdict for f in report.functions.values()}


@pytest.mark.parametrize("hint", ["mistake", pytest.param("fix", marks=pytest.mark.long)])
def test_the_same_files_get_the_same_bytes(hint, tmp_path):
    """With any order of dicts and sets, with any number of jobs, and beside busy processes."""
    files = [SUBMISSIONS / name for name in ("own/right.py", "cs231n/wrong/three_in_one.py")]
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        texts = []
        for jobs, seed in ((1, "1"), (2, "2")):
            out = tmp_path / f"{jobs}.json"
            command = [sys.executable, "-m", "handrnn", "check", *map(str, files), "--no-torch"]
            subprocess.run(
                [*command, "-q", "--hint", hint, "--jobs", str(jobs), "--json", str(out)],
                env=os.environ | {"PYTHONHASHSEED": seed},
                check=False,
            )
            texts.append(out.read_bytes())
    finally:
        for process in busy:
            process.kill()
            process.wait()
    assert texts[0] == texts[1]
    assert b"mistakes" in texts[0]
