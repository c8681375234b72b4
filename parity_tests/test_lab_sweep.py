"""Sweeps: the same bits everywhere, finished runs stay finished, unfinished ones do no harm."""

import concurrent.futures
import contextlib
import json
import math
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

import pytest

from handrnn import writing
from handrnn.lab import cli as laboratory
from handrnn.lab import executors, files, progress, run, sweep, threads, training
from parity_tests import lab_harness

lab_harness.needs("filelock")

SCRIPT = lab_harness.ROOT / "scripts" / "accuracy_vs_length.py"
TINY = {"hidden": 8, "batch": 16, "steps": 30, "check_every": 10, "screen": 50, "confirm": 100}
FILES = (files.CONFIG, files.METRICS, files.DONE, files.WEIGHTS, files.LOCK)


class Here(concurrent.futures.Executor):
    """Executes at once, in this process: the least that an executor can be."""

    def submit(self, fn, /, *args, **kwargs):
        future = concurrent.futures.Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def tiny_runs():
    return [
        run.PRESETS[preset](cell, length, 0, **TINY)
        for preset in run.PRESETS
        for cell in ("RNN", "LSTM")
        for length in (4, 7)
    ]


def outcome_of(directory, runs):
    """What has to be equal to the last bit: results with fingerprints, and all checks."""
    found = {}
    for each in runs:
        record = files.read(directory / each.name)
        assert record is not None
        found[each.name] = (record.result, (directory / each.name / files.METRICS).read_bytes())
    return found


@pytest.mark.long
def test_alone_in_a_sweep_with_one_or_two_workers_the_bits_are_the_same(tmp_path):
    runs = tiny_runs()
    for name, options in {
        "here": {"executor": Here()},
        "one": {"workers": 1},
        "two": {"workers": 2},
    }.items():
        outcome = sweep.sweep(runs, tmp_path / name, **options)
        assert not outcome.failed
        assert [record.run for record in outcome.records] == runs
    expected = outcome_of(tmp_path / "here", runs)
    assert outcome_of(tmp_path / "one", runs) == expected
    assert outcome_of(tmp_path / "two", runs) == expected
    for each in runs:
        assert training.train(each) == expected[each.name][0]


def test_workers_have_one_blas_thread_and_the_parent_keeps_its_own(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with executors.process_pool(1) as pool:
        seen = [pool.submit(os.getenv, name).result() for name in threads.VARIABLES]
    assert seen == ["1"] * len(threads.VARIABLES)
    assert os.environ["OPENBLAS_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


WIDE = run.faithful("LSTM", 6, 0, steps=4, check_every=2, screen=50, confirm=50)
WITH_MANY_THREADS = f"""
import json
import threadpoolctl
from handrnn import writing
from handrnn.lab import run, training

def count():
    libraries = threadpoolctl.threadpool_info()
    return [lib["num_threads"] for lib in libraries if lib["user_api"] == "blas"]

seen = []
with threadpoolctl.threadpool_limits(2):
    seen.append(count())
    result = training.train(run.{WIDE!r}, lambda check: seen.append(count()))
    seen.append(count())
print(json.dumps([seen, result.fingerprint]))
"""


def test_a_run_executes_with_one_blas_thread_and_leaves_the_others_as_they_were():
    """In a process of its own: here the environment says one thread from the start."""
    lab_harness.needs("threadpoolctl")
    environment = {k: v for k, v in lab_harness.ENVIRONMENT.items() if k not in threads.VARIABLES}
    finished = subprocess.run(
        [sys.executable, "-c", WITH_MANY_THREADS],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.stderr == ""
    (before, first, second, after), fingerprint = json.loads(finished.stdout)
    assert set(before) == {2}
    assert set(first) == set(second) == {1}
    assert after == before
    assert training.train(WIDE).fingerprint == fingerprint


def test_a_sweep_skips_what_is_done_and_redoes_what_is_not(tmp_path, monkeypatch):
    runs = tiny_runs()[:5]
    sweep.sweep(runs, tmp_path, executor=Here())
    expected = outcome_of(tmp_path, runs)
    cut, damaged, gone, half, kept = (tmp_path / each.name for each in runs)
    (cut / files.DONE).unlink()
    (cut / files.METRICS).write_text("step,trained_length,loss,scr")
    writing.draft(cut / files.DONE).write_text('{"result": {"accu')
    (damaged / files.CONFIG).write_text('{"label": ')
    for name in FILES:
        (gone / name).unlink()
    gone.rmdir()
    (half / files.DONE).write_text('{"result": {')

    executed = []
    execute = sweep.execute

    def look(each, directory):
        executed.append(each.name)
        return execute(each, directory)

    monkeypatch.setattr(sweep, "execute", look)
    outcome = sweep.sweep(runs, tmp_path, executor=Here())
    assert sorted(executed) == sorted(path.name for path in (cut, damaged, gone, half))
    assert outcome.skipped == 1
    assert kept.name not in executed
    assert outcome_of(tmp_path, runs) == expected
    assert sorted(path.name for path in cut.iterdir()) == sorted(FILES)

    executed.clear()
    outcome = sweep.sweep(runs, tmp_path, executor=Here())
    assert (executed, outcome.skipped) == ([], 5)
    assert [record.run for record in outcome.records] == runs


def test_another_configuration_under_the_same_name_is_refused_before_anything_starts(tmp_path):
    sweep.sweep([run.faithful("RNN", 4, 0, **TINY)], tmp_path, executor=Here())
    changed = [run.faithful("RNN", 9, 0, **TINY), run.faithful("RNN", 4, 0, **TINY, rate=0.01)]
    with pytest.raises(ValueError, match=r"faithful-RNN-T004-seed0 .* rate = 0.001, not 0.01"):
        sweep.sweep(changed, tmp_path, executor=Here())
    assert [path.name for path in tmp_path.iterdir()] == ["faithful-RNN-T004-seed0"]


def test_two_runs_of_one_name_are_refused(tmp_path):
    runs = [run.faithful("RNN", 4, 0, **TINY), run.faithful("RNN", 4, 0, **TINY, rate=0.01)]
    with pytest.raises(ValueError, match="two runs of the sweep are called faithful-RNN-T004"):
        sweep.sweep(runs, tmp_path, executor=Here())


def test_a_run_that_raises_is_reported_and_the_others_go_on(tmp_path, monkeypatch):
    runs = tiny_runs()[:4]
    train = training.train

    def fail_once(each, report, **options):
        if each == runs[1]:
            raise FloatingPointError("the loss went away")
        return train(each, report, **options)

    # An earlier result whose configuration was damaged must not outlive the failure.
    sweep.execute(runs[1], os.fspath(tmp_path / runs[1].name))
    (tmp_path / runs[1].name / files.CONFIG).write_text("{")
    monkeypatch.setattr(training, "train", fail_once)
    outcome = sweep.sweep(runs, tmp_path, executor=Here())
    assert outcome.failed == {runs[1].name: "FloatingPointError: the loss went away"}
    assert [record.run for record in outcome.records] == [runs[0], *runs[2:]]
    assert files.read(tmp_path / runs[1].name) is None

    monkeypatch.setattr(training, "train", train)
    outcome = sweep.sweep(runs, tmp_path, executor=Here())
    assert (outcome.skipped, outcome.failed) == (3, {})
    assert [record.run for record in outcome.records] == runs


def test_a_run_that_diverges_is_a_result(tmp_path, monkeypatch):
    runs = tiny_runs()[:2]
    update = training.model.Model.update

    def diverge(learner, x, target):
        loss, accuracy = update(learner, x, target)
        return loss if len(x) == 3 else math.inf, accuracy

    monkeypatch.setattr(training.model.Model, "update", diverge)
    outcome = sweep.sweep(runs, tmp_path, executor=Here())
    assert outcome.failed == {}
    assert [record.result.stopped for record in outcome.records] == ["cap", "diverged"]
    assert files.read_all(tmp_path) == outcome.records
    assert sweep.sweep(runs, tmp_path, executor=Here()).skipped == 2


def test_a_local_run_is_never_executed_beside_its_directory(tmp_path, monkeypatch):
    """Where a disk has turned read-only, hours would go by before the result has no place."""
    each = tiny_runs()[0]
    monkeypatch.setattr(files, "make_directory", lambda directory: None)
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.delattr(tempfile, "TemporaryDirectory")
    outcome = sweep.sweep([each], tmp_path, executor=Here())
    assert outcome.failed == {}
    outcome = sweep.sweep([tiny_runs()[1]], tmp_path, executor=Here(), remote=True)
    assert "TemporaryDirectory" in outcome.failed[tiny_runs()[1].name]


def test_a_result_that_finds_its_directory_held_is_not_lost(tmp_path, monkeypatch):
    """Another process holds the lock of the run when it comes back: it is asked for again."""
    each = tiny_runs()[0]
    out, there = tmp_path / "out", tmp_path / "there"
    (out / each.name).mkdir(parents=True)
    held = contextlib.ExitStack()
    take_in, taken = files.take_in, []

    def look(*arguments):
        taken.append(take_in(*arguments))
        held.close()
        return taken[-1]

    monkeypatch.setattr(files, "take_in", look)
    monkeypatch.setattr(sweep, "execute_anywhere", lambda it, _: sweep.execute(it, str(there)))
    with held:
        assert held.enter_context(files.lock(out / each.name))
        outcome = sweep.sweep([each], out, executor=Here(), remote=True)
    assert taken == [False, True]
    assert [record.run for record in outcome.records] == [each]
    assert not outcome.failed


def test_a_check_can_be_read_as_soon_as_it_is_made(tmp_path, monkeypatch):
    train = training.train
    seen = []

    def look(each, report, **options):
        def report_and_look(check):
            report(check)
            there = files.read_last_check(tmp_path)
            seen.append((str(check.step), there and there["step"]))

        return train(each, report_and_look, **options)

    monkeypatch.setattr(training, "train", look)
    sweep.execute(tiny_runs()[0], os.fspath(tmp_path))
    assert len(seen) > 1
    assert all(made == read for made, read in seen)


def test_the_longest_runs_start_first(tmp_path, monkeypatch):
    started = []
    execute = sweep.execute

    def look(each, directory):
        started.append(each)
        return execute(each, directory)

    monkeypatch.setattr(sweep, "execute", look)
    sweep.sweep(tiny_runs(), tmp_path, executor=Here())
    costs = [sweep.cost(each) for each in started]
    assert costs == sorted(costs, reverse=True)
    assert (started[0].cell, started[0].length) == ("LSTM", 7)


def test_an_interrupted_pool_leaves_no_process_behind():
    workers = []

    def hold():
        with executors.process_pool(1) as pool:
            workers.append(pool.submit(os.getpid).result())
            pool.submit(time.sleep, 90)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hold()
    wait_for_the_end_of(workers[0])


def test_a_worker_ends_when_its_parent_is_killed(tmp_path):
    """Killed outright, a parent cannot tell its workers to stop; they notice by themselves."""
    program = (
        "import os, pathlib, time\n"
        "from handrnn.lab import executors\n"
        "if __name__ == '__main__':\n"
        "    with executors.process_pool(1) as pool:\n"
        "        pid = pool.submit(os.getpid).result()\n"
        "        pathlib.Path('worker').write_text(str(pid))\n"
        "        os.kill(os.getpid(), 9)\n"
    )
    (tmp_path / "parent.py").write_text(program)
    parent = subprocess.run(
        [sys.executable, "parent.py"],
        cwd=tmp_path,
        env=lab_harness.ENVIRONMENT,
        timeout=60,
        check=False,
    )
    assert parent.returncode == -signal.SIGKILL
    wait_for_the_end_of(int((tmp_path / "worker").read_text()))


def wait_for_the_end_of(worker):
    lab_harness.wait_for(lambda: not is_alive(worker), "the worker is still there", 30)


def is_alive(pid):
    try:
        os.kill(pid, 0)
        status = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # no such files on this system; or it has just ended: look again
        return True
    # A dead process that nobody has waited for still has a number.
    return status.rpartition(")")[2].split()[0] != "Z"


def smoke(out):
    """The script's smoke run into a directory, ended."""
    return subprocess.run(
        [sys.executable, os.fspath(SCRIPT), "--smoke", "--out", os.fspath(out)],
        env=lab_harness.ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_ctrl_c_leaves_finished_runs_finished_and_says_how_to_go_on(tmp_path, interruptible):
    lab_harness.needs("matplotlib")
    # T = 3 takes a moment; T = 900 does not end within this test.
    arguments = "--preset faithful --cells RNN --seeds 1 --steps 40 --lengths 3 900"
    command = [sys.executable, os.fspath(SCRIPT), *arguments.split(), "--out", os.fspath(tmp_path)]
    short, long = (tmp_path / f"faithful-RNN-T{T:03d}-seed0" for T in (3, 900))
    process = subprocess.Popen(
        command,
        env=lab_harness.ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    def are_there():
        assert process.poll() is None, process.communicate()
        return (short / files.DONE).exists() and (long / files.CONFIG).exists()

    try:
        lab_harness.wait_for(are_there, "the first run does not end or no other starts", 60)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130
    assert output == ""
    assert errors.splitlines() == [
        f"interrupted: 1 of 2 runs are finished in {tmp_path}; the same command goes on from there"
    ]
    assert not (long / files.DONE).exists()


@pytest.mark.long
def test_the_smoke_run_of_the_script(tmp_path):
    lab_harness.needs("matplotlib")
    finished = smoke(tmp_path)
    assert finished.stderr == ""
    assert finished.returncode == 0
    lines = finished.stdout.splitlines()
    assert [line.split()[:2] for line in lines[2:6]] == [
        [label, cell] for label in ("faithful", "tuned") for cell in ("RNN", "LSTM")
    ]
    assert lines[-1] == f"figure: {tmp_path / 'accuracy_vs_length.png'}"
    for suffix in (".png", ".svg", ".csv", "_runs.csv"):
        assert (tmp_path / f"accuracy_vs_length{suffix}").stat().st_size > 100
    versions = json.loads(next(tmp_path.glob("*/done.json")).read_text())["versions"]
    assert set(versions) == {"python", "numpy", "handrnn"}


def test_a_directory_that_cannot_be_made_is_said_once_and_nothing_starts(tmp_path):
    lab_harness.needs("matplotlib")
    (tmp_path / "file").write_text("")
    finished = smoke(tmp_path / "file" / "results")
    assert finished.returncode == 1
    assert finished.stdout == ""
    (line,) = finished.stderr.splitlines()
    assert "Not a directory" in line


class Terminal:
    """A stand-in for stderr that says it is a terminal and keeps what is written."""

    def __init__(self):
        self.text = ""

    def isatty(self):
        return True

    def write(self, text):
        self.text += text

    def flush(self):
        pass


def test_bars_show_the_whole_and_each_run(tmp_path, monkeypatch):
    lab_harness.needs("tqdm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    runs = tiny_runs()[:3]
    done = {runs[0].name: 0.125}
    sweep.execute(runs[1], os.fspath(tmp_path / runs[1].name))
    check = files.read_last_check(tmp_path / runs[1].name)
    assert check is not None
    assert check["step"] == "30"
    (tmp_path / runs[1].name).rename(tmp_path / "later")
    with progress.bars(runs, done, tmp_path, sweep.cost, show=True) as bars:
        (tmp_path / "later").rename(tmp_path / runs[1].name)
        bars.advance(runs[1])
        bars.advance(runs[2])
        bars.end(runs[1], 0.25)
        bars.end(runs[2], None)
    assert f"{runs[1].name}: 100%" in terminal.text
    assert f"accuracy {check['screened']}" in terminal.text
    assert "all runs: 100%" in terminal.text
    assert "left" in terminal.text
    assert "(1 of 3 runs, 0 alive, best 0.1250)" in terminal.text
    assert "(1 of 3 runs, 1 alive" in terminal.text
    assert "(3 of 3 runs, 0 alive, best 0.2500)" in terminal.text


def test_the_time_left_is_there_from_the_first_second(tmp_path, monkeypatch):
    """By the speed that is expected at first, and more and more by the one that is seen."""
    lab_harness.needs("tqdm")
    terminal, clock = Terminal(), [0.0]
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr("tqdm.std.time", lambda: clock[0])
    runs = tiny_runs()[:3]
    with progress.bars(runs, {}, tmp_path, lambda _: 100.0, True, speed=0.5) as bars:
        assert "about 10:00 left (0 of 3 runs" in terminal.text
        clock[0] = 190.0
        bars.tick()
        assert "03:10 gone, about 3:20:00 left (0 of 3" in terminal.text
        bars.end(runs[0], 0.25)
        bars.end(runs[1], 0.25)
        assert "about 01:37 left (2 of 3 runs" in terminal.text


def write_check(directory, each, line):
    (directory / each.name).mkdir(exist_ok=True)
    text = f"step,trained_length,loss,screened,confirmed\n{line}\n"
    (directory / each.name / files.METRICS).write_text(text)


def test_what_was_done_before_counts_and_bars_are_few(tmp_path, monkeypatch):
    lab_harness.needs("tqdm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    runs = [run.faithful("RNN", length, 0, **TINY) for length in range(4, 24)]
    for each in runs:
        write_check(tmp_path, each, "15,4,2.25,0.125,0.5")
    with progress.bars(runs, {}, tmp_path, lambda _: 1.0, True) as bars:
        for each in runs:
            bars.advance(each)
        assert not any(each.name in terminal.text for each in runs), "nobody has taken them up"
        assert "all runs:  50%" in terminal.text
        assert "1 alive" not in terminal.text
        for each in runs:
            write_check(tmp_path, each, "18,4,2.25,0.125,0.5")
            bars.advance(each)
            write_check(tmp_path, each, "15,4,2.25,0.125,0.5")
            bars.advance(each)
            write_check(tmp_path, each, "24,4,2.25,0.125,0.5")
            bars.advance(each)
            (tmp_path / each.name / files.METRICS).write_text("step,strange\n,file\n")
            bars.advance(each)
    assert "all runs:  80%" in terminal.text
    assert "(0 of 20 runs, 20 alive, best 0.5000)" in terminal.text
    shown = [each.name for each in runs if each.name in terminal.text]
    assert shown == [each.name for each in runs[: progress.MOST_BARS]]


@pytest.mark.parametrize("show", [True, False])
def test_no_bars_outside_a_terminal_and_nothing_is_read_for_them(
    show, tmp_path, capsys, monkeypatch
):
    monkeypatch.delattr(files, "read_last_check")
    runs = tiny_runs()[:2]
    with progress.bars(runs, {}, tmp_path, sweep.cost, show) as bars:
        bars.advance(runs[0])
        bars.end(runs[0], 1.0)
    assert capsys.readouterr().err == ""


def test_the_last_check_is_the_last_whole_line(tmp_path):
    assert files.read_last_check(tmp_path) is None
    metrics = tmp_path / files.METRICS
    metrics.write_text("step,loss\n")
    assert files.read_last_check(tmp_path) is None
    metrics.write_text("step,loss\n10,2.5\n20,2.25\n30,2.")
    assert files.read_last_check(tmp_path) == {"step": "20", "loss": "2.25"}


SETTINGS = "length = [4, 5]\n" + "\n".join(f"{name} = {value}" for name, value in TINY.items())


def command(tmp_path, monkeypatch, *options):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(SETTINGS)
    return laboratory.main(["run", "tiny.toml", "--no-progress", *options])


def test_the_command_executes_the_runs_of_a_file_and_tells_what_came_of_them(
    tmp_path, monkeypatch, capsys
):
    assert command(tmp_path, monkeypatch, "--set", "length=4,6", "--set", "hidden=9") == 0
    output, errors = capsys.readouterr()
    settings: dict[str, Any] = {**TINY, "hidden": 9}
    runs = [run.Run(length=length, **settings) for length in (4, 6)]
    assert errors == ""
    for each, line in zip(runs, output.splitlines(), strict=False):
        record = files.read(tmp_path / "results" / "tiny" / each.name)
        assert record is not None
        assert record.run == each
        assert record.result == training.train(each)
        assert line.startswith(
            f"{each.name}: accuracy {record.result.accuracy:.4f} at update "
            f"{record.result.accuracy_step}, ended by cap after 30 updates"
        )
    last = "2 of 2 runs are finished in results/tiny, {} of them since earlier"
    assert output.splitlines()[2:] == [last.format(0)]
    assert command(tmp_path, monkeypatch, "--set", "length=4,6", "--set", "hidden=9") == 0
    assert capsys.readouterr().out.splitlines()[2:] == [last.format(2)]


@pytest.mark.long
def test_the_command_trains_with_torch(tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")
    options = ("--engine", "torch", "--out", "here", "--set", "length=4")
    assert command(tmp_path, monkeypatch, *options) == 0
    (record,) = files.read_all(tmp_path / "here")
    assert record.run.engine == "torch"
    done = json.loads((tmp_path / "here" / record.run.name / files.DONE).read_text())
    assert set(done["versions"]) == {"python", "numpy", "handrnn", "torch"}


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--set", "hiden=9"], "hiden is not a setting of a run: did you mean hidden?"),
        (["--set", "hidden"], "hidden is not of the form name=value, such as hidden=64"),
        (["--out", "tiny.toml/x"], "[Errno 20] Not a directory: '{}/tiny.toml/x'"),
    ],
)
def test_what_the_command_cannot_do_is_one_line(tmp_path, monkeypatch, capsys, options, line):
    assert command(tmp_path, monkeypatch, *options) == 1
    output, errors = capsys.readouterr()
    assert (output, errors) == ("", line.format(tmp_path) + "\n")


def test_the_command_tells_what_failed_after_what_did_not(tmp_path, monkeypatch, capsys):
    directory = tmp_path / "results" / "tiny"
    directory.mkdir(parents=True)
    (directory / "custom-RNN-T005-seed0").write_text("mine")
    assert command(tmp_path, monkeypatch) == 1
    output, errors = capsys.readouterr()
    first, last = output.splitlines()
    assert first.startswith("custom-RNN-T004-seed0: accuracy")
    assert last == "1 of 2 runs are finished in results/tiny, 0 of them since earlier"
    (line,) = errors.splitlines()
    assert line.startswith("custom-RNN-T005-seed0 failed: FileExistsError: ")


@pytest.mark.parametrize("arguments", [[], ["run"], ["run", "x.toml", "--workers", "0"], ["fly"]])
def test_a_wrong_command_line_is_explained(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        laboratory.main(arguments)
    assert caught.value.code == 2
    assert "usage: handrnn" in capsys.readouterr().err


class LostExecutor(concurrent.futures.Executor):
    """Takes calls and never answers them, as a cluster that has gone."""

    def submit(self, fn, /, *args, **kwargs):
        return concurrent.futures.Future()

    def is_lost(self):
        return True


def test_runs_of_an_executor_that_is_lost_are_given_up(tmp_path):
    lost = run.faithful("RNN", 4, 0, steps=2)
    outcome = sweep.sweep([lost], tmp_path, LostExecutor())
    assert outcome.failed == {lost.name: sweep.LOST}
