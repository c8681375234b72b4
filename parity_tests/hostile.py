"""What somebody may do to the command and the modules by accident, and what must come of it.

Each attack is a function of an empty folder that raises AssertionError where it does not hold.
By hand, with a table by kind::

    python -m parity_tests.hostile
"""

import argparse
import contextlib
import io
import os
import pathlib
import re
import sys
import tempfile
import textwrap
import threading
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from handrnn import check, nn, writing
from handrnn.check import cli
from handrnn.lab import executors, report
from scripts import readme

RIGHT = """
import numpy as np
def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    dz = (1 - a_next ** 2) * da_next
    return {"dxt": parameters["Wax"].T @ dz, "da_prev": parameters["Waa"].T @ dz,
            "dWax": dz @ xt.T, "dWaa": dz @ a_prev.T, "dba": dz.sum(axis=1, keepdims=True)}
"""
LONG = "x" * 300
Attack = Callable[[pathlib.Path], None]
ATTACKS: dict[str, dict[str, Attack]] = {}


def attack(kind: str) -> Callable[[Attack], Attack]:
    """List a function as an attack of a kind, under its name in words."""

    def listed(function: Attack) -> Attack:
        ATTACKS.setdefault(kind, {})[function.__name__.replace("_", " ")] = function
        return function

    return listed


def run(*arguments: Any) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of the command."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = cli.main([str(argument) for argument in arguments])
        except SystemExit as ended:
            status = int(ended.code or 0)
    return status, out.getvalue(), err.getvalue()


def refused(*arguments: Any, said: str) -> None:
    """The command refuses in one line that says why, below its usage or not."""
    status, out, err = run(*arguments)
    assert (status, out) == (2, ""), (status, out, err)
    assert said in err, err
    assert err.splitlines()[0].startswith(("handrnn: ", "usage: ")), err


def submission(folder: pathlib.Path, text: str = RIGHT) -> pathlib.Path:
    """A file to be judged."""
    path = folder / "mine.py"
    path.write_text(text)
    return path


def judged(text: str) -> check.FunctionReport:
    """The report on the only function of a text."""
    report = check.text(textwrap.dedent(text), second_opinion=False, hint="mistake")
    (function,) = report.functions.values()
    return function


# What is read ---------------------------------------------------------------------------------


@attack("read")
def pipes(folder):
    os.mkfifo(folder / "pipe.npz")
    os.mkfifo(folder / "pipe.toml")
    refused("check", folder / "pipe.npz", said="is a pipe")
    refused("compare", folder / "pipe.npz", folder / "pipe.npz", said="is a pipe")
    refused("check", submission(folder), "--dialect", folder / "pipe.toml", said="is a pipe")
    refused("dialects", "try", folder / "pipe.toml", submission(folder), said="is a pipe")


@attack("read")
def devices(folder):
    refused("check", "/dev/zero", said="a device")
    refused("dialects", "try", "/dev/zero", submission(folder), said="a device")


@attack("read")
def names_that_cannot_be(folder):
    (folder / "loop.npz").symlink_to("loop.npz")
    for name, said in (
        ("", "there is no file"),
        ("a\0b", "there is no file"),
        (LONG, "too long"),
        (folder / "loop.npz", "in a circle"),
    ):
        refused("check", name, said=said)
    refused("compare", folder / "loop.npz", "x.npz", said="in a circle")
    refused("compare", "a\0.npz", "x.npz", said="no such file")
    refused("check", submission(folder), "--dialect", f"{LONG}.toml", said="too long")
    refused("dialects", LONG, said="there is no dialect")


def encrypted(path: pathlib.Path) -> pathlib.Path:
    """An archive that says it is encrypted."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("weight.npy", b"0" * 100)
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    return path


@attack("read")
def archives_that_cannot_be_opened(folder):
    path = encrypted(folder / "x.npz")
    refused("compare", path, path, said="is not a case")
    for content in (path.read_bytes(), path.read_bytes()[:-30], b"", b"PK\3\4"):
        path.write_bytes(content)
        _raises(ValueError, lambda: nn.Linear(2, 2).load(path), "npz file that save has written")


# What is written ------------------------------------------------------------------------------


@attack("written")
def over_what_is_read(folder):
    path = submission(folder)
    (folder / "link").symlink_to(path)
    (folder / "hard").hardlink_to(path)
    for option in ("--json", "--csv", "--html", "--junit"):
        for name in ("mine.py", "link", "hard"):
            refused("check", path, option, folder / name, said="would write over")
    refused("check", folder, "--csv", path, said="would write over")
    refused("check", path, "--fix", folder / "hard", said="never writes over")
    assert path.read_text() == RIGHT
    case = folder / "case.npz"
    assert run("oracle", "rnn_tanh", "--out", case)[0] == 0
    refused("compare", case, case, "--json", case, said="would write over")


@attack("written")
def the_same_file_twice(folder):
    path, other = submission(folder), folder / "report"
    refused("check", path, "--json", other, "--html", other, said="would write over")
    refused("check", path, "--json", other, "--fix", folder / "." / "report", said="would write")
    assert not other.exists()


@attack("written")
def where_nothing_can_be_written(folder):
    path = submission(folder)
    (folder / "loop").symlink_to("loop")
    for name in ("", "a\0b", folder / LONG, folder / "loop", folder, folder / "none" / "x"):
        refused("check", path, "--json", name, said="cannot be written")
    refused("oracle", "gru", "--out", folder / f"{LONG}.npz", said="cannot be written")
    refused("oracle", "gru", "--out", "a\0.npz", said="cannot be written")


@attack("written")
def into_pipes_and_through_links(folder):
    (folder / "link.npz").symlink_to("case.npz")
    assert run("oracle", "gru", "--out", folder / "link.npz")[0] == 0
    assert (folder / "link.npz").is_symlink()
    assert (folder / "case.npz").stat().st_size > 1000
    os.mkfifo(folder / "pipe.npz")
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append((folder / "pipe.npz").read_bytes()))
    reader.start()
    assert run("oracle", "gru", "--out", folder / "pipe.npz")[0] == 0
    reader.join(20)
    assert got == [(folder / "case.npz").read_bytes()]
    assert (folder / "pipe.npz").is_fifo()


@attack("written")
def modules_into_pipes_and_through_links(folder):
    module = nn.Linear(2, 3, rng=0)
    (folder / "link").symlink_to("weights.npz")
    module.save(folder / "link")
    assert (folder / "link").is_symlink()
    os.mkfifo(folder / "pipe")
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append((folder / "pipe").read_bytes()))
    reader.start()
    module.save(folder / "pipe")
    reader.join(20)
    (folder / "got.npz").write_bytes(got[0])
    for name in ("weights.npz", "got.npz"):
        again = nn.Linear(2, 3, rng=1).load(folder / name)
        assert np.array_equal(again.weight, module.weight)


@attack("written")
def reports_of_a_sweep(folder):
    (folder / "link").symlink_to("page.html")
    both = {"html": folder / "link", "notebook": folder / "page.html"}
    options = argparse.Namespace(directory=folder, csv=None, **both)
    _raises(ValueError, lambda: report.run(options), "cannot both write")
    writing.write(folder / "link", b"page")
    assert (folder / "link").is_symlink()
    assert (folder / "page.html").read_bytes() == b"page"
    os.mkfifo(folder / "pipe")
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append((folder / "pipe").read_bytes()))
    reader.start()
    writing.write(folder / "pipe", b"page")
    reader.join(20)
    assert got == [b"page"]


# Standard output ------------------------------------------------------------------------------


def _printed_to(stream: Any) -> tuple[int, str]:
    err, before = io.StringIO(), sys.stdout
    try:
        sys.stdout = stream
        with contextlib.redirect_stderr(err):
            return cli.main(["dialects", "cs231n"]), err.getvalue()
    finally:
        sys.stdout = before


class _Full(io.StringIO):
    def flush(self) -> None:
        raise OSError(28, "No space left on device")


@attack("standard output")
def closed(folder):
    assert _printed_to(None) == (
        2,
        "handrnn: nothing can be printed: the standard output is closed\n",
    )


@attack("standard output")
def full(folder):
    assert _printed_to(_Full()) == (
        2,
        "handrnn: nothing can be printed: No space left on device\n",
    )


# Numbers --------------------------------------------------------------------------------------


@attack("numbers")
def limits(folder):
    path = submission(folder)
    for seconds in ("inf", "nan", "-inf", "0", "-1", "1e-9"):
        refused("check", path, f"--timeout={seconds}", said="--timeout must be a finite number")
    for jobs in ("0", "-3", str(10**20)):
        refused("check", path, f"--jobs={jobs}", said="--jobs must be from 1 to")


@attack("numbers")
def sizes(folder):
    for option in ("T", "B", "I", "H"):
        words = f"--{option}={10**12}"
        refused("oracle", "lstm", words, "--out", folder / "x.npz", said="are allowed")
    refused("oracle", "gru", "--scale=inf", "--out", folder / "x.npz", said="scale is inf")
    _raises(ValueError, lambda: nn.LSTM(10**30, 3), "input_size")
    _raises(TypeError, lambda: nn.LSTM(True, 3), "input_size")


@attack("numbers")
def what_is_not_finite(folder):
    for value in (np.inf, np.nan, np.finfo(np.float32).max):
        x = np.full((2, 2, 3), value, np.float32)
        for kind in (nn.RNN, nn.LSTM, nn.GRU):
            module = kind(3, 2, rng=0)
            y, _ = module(x)
            module.backward(np.full_like(y, value))


# Submissions ----------------------------------------------------------------------------------


@attack("submissions")
def right_on_the_first_calls_only(folder):
    text = RIGHT.replace("dz =", "calls.append(1)\n    dz = (1 + (len(calls) > 6)) *")
    found = judged(f"calls = []{text}")
    assert found.verdict == "FAIL"
    assert [one.id for one in found.mistakes] == ["keeps-state"]
    assert "call 6 of 17: other numbers" in found.mistakes[0].proof


@attack("submissions")
def sizes_written_as_numbers(folder):
    for size in ("2", "6"):
        text = """
        import numpy as np
        def rnn_forward(x, a0, parameters):
            caches, a_next = [], a0
            n_x, m, T_x = x.shape
            a, y_pred = np.zeros((*a0.shape, T_x)), np.zeros((n_y, m, T_x))
            for t in range(steps):
                a_next, y, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
                a[:, :, t], y_pred[:, :, t] = a_next, y
                caches.append(cache)
            return a, y_pred, (caches, x)
        """
        n_y = "2" if size == "2" else 'len(parameters["by"])'
        text = text.replace("n_y,", f"{n_y},").replace("steps", "6" if size == "6" else "T_x")
        found = judged(text)
        assert found.verdict == "FAIL"
        assert found.mistakes[0].explanation.startswith("It is right for some sizes only")


@attack("submissions")
def everything_masked(folder):
    body = RIGHT.replace("return {", "found = {")
    masked = "{name: np.ma.masked_less(a, np.inf) for name, a in found.items()}"
    found = judged(f"{body}    return {masked}\n")
    assert found.verdict == "FAIL"
    assert "masked array" in found.where


@attack("submissions")
def a_file_that_python_refuses(folder):
    status, out, _ = run("check", submission(folder, RIGHT + "def f(:\n    pass\n"), "--no-torch")
    assert status == 1
    assert "PASS           rnn_cell_backward" in out


@attack("submissions")
def a_cell_that_is_called_and_missing(folder):
    text = """
import numpy as np
def rnn_forward(x, a0, parameters):
    caches, states, predictions, a_next = [], [], [], a0
    for t in range(x.shape[2]):
        a_next, y, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        states.append(a_next), predictions.append(y), caches.append(cache)
    return np.stack(states, -1), np.stack(predictions, -1), (caches, x)
"""
    status, out, _ = run("check", submission(folder, text), "--no-torch")
    assert "rnn_cell_forward: not in the file, judged with the course's" in out
    assert status == 0


@attack("submissions")
def options_of_another_kind(folder):
    wrong = {"hint": 3, "seconds": "1", "second_opinion": "no", "wanted": "f", "allow": 3}
    wrong |= {"dialect": 3, "loss": 3}
    judges: list[tuple[Any, Any]] = [(check.text, RIGHT), (check.file, submission(folder))]
    for name, value in wrong.items():
        for judge, given in judges:
            kind = ValueError if name == "hint" else TypeError
            _raises(kind, lambda j=judge, g=given, n=name, v=value: j(g, **{n: v}), f"{name} is")
    for seconds in (True, None, np.inf, np.nan, 0):
        for call in (_gradient, _sequence):
            with pytest.raises((TypeError, ValueError), match="seconds"):
                call(seconds=seconds)
    others: list[Any] = [3, None, b"x", ["a"]]
    for given in others:
        _raises(TypeError, lambda g=given: check.text(g), "source is")
        _raises(TypeError, lambda g=given: check.file(g), "path is")


def _gradient(**options: Any) -> Any:
    return check.gradient(lambda W: (1.0, W), {"W": np.ones(2)}, **options)


def _sequence(**options: Any) -> Any:
    return check.sequence(lambda *a: a, lambda *a: a, **options)


# Modules --------------------------------------------------------------------------------------


@attack("modules")
def two_threads(folder):
    lstm = nn.LSTM(3, 2, rng=0)
    x = np.ones((4, 2, 3), np.float32)
    y, _ = lstm(x)
    _elsewhere(lambda: lstm(x))
    _raises(RuntimeError, lambda: lstm.backward(y), "another thread")
    cell = nn.GRUCell(3, 2, rng=0)
    cell(x[0])
    _elsewhere(lambda: cell(x[0]))
    _raises(RuntimeError, lambda: cell.backward(y[0]), "another thread")
    lstm(x)
    lstm.backward(y)  # whose own is the latest
    error = _elsewhere(lambda: lstm.backward(y))
    assert isinstance(error, RuntimeError)


@attack("modules")
def two_threads_at_the_same_time(folder):
    linear = nn.Linear(3, 2, rng=0)
    linear._user = 1  # a thread that is within it now
    x = np.ones((4, 3), np.float32)
    _raises(RuntimeError, lambda: linear(x), "in use by another thread")
    linear.eval()
    assert linear(x).shape == (4, 2)


def _elsewhere(call: Callable[[], Any]) -> BaseException | None:
    errors: list[BaseException] = []

    def work() -> None:
        try:
            call()
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return errors[0] if errors else None


@attack("modules")
def addresses_that_are_none(folder):
    for address in ("bogus", "", "tcp://", "http//x:1"):
        _raises(ConnectionError, lambda a=address: _enter(a), "is not an address")


def _enter(address: str) -> None:
    with executors.dask_cluster(address):
        pass


def _raises(kind: type[Exception], call: Callable[[], Any], said: str) -> None:
    with pytest.raises(kind, match=re.escape(said)):
        call()


def main() -> None:
    """Try every attack, and print a table by kind."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--readme", action="store_true", help=readme.WORDS)
    options = parser.parse_args()
    rows = []
    for kind, attacks in ATTACKS.items():
        held = 0
        for name, function in attacks.items():
            with tempfile.TemporaryDirectory() as folder:
                try:
                    function(pathlib.Path(folder))
                    held += 1
                except (AssertionError, pytest.fail.Exception) as error:
                    print(f"{name}: {error!r}", file=sys.stderr)
        rows.append([kind, str(len(attacks)), str(held)])
    table = readme.table(["kind", "attacks", "held"], rows)
    readme.show("hostile", table, "", options.readme)


if __name__ == "__main__":
    main()
