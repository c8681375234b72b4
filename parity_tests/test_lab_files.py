"""A run's files: interrupted, damaged, shared, on a full disk; what is done stays, bits agree."""

import errno
import json
import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest

from handrnn import writing
from handrnn.lab import checkpoint, files, run, sweep, training
from parity_tests import lab_harness

lab_harness.needs("filelock")

TINY = {"hidden": 8, "batch": 16, "steps": 40, "check_every": 10, "screen": 50, "confirm": 100}
RUNS = {
    "RNN": run.faithful("RNN", 4, 0, **TINY),
    "LSTM": run.tuned("LSTM", 7, 1, **TINY, ready=0.1),
    "GRU": run.tuned("GRU", 6, 0, **TINY),
}


class InterruptionError(Exception):
    """Stands for whatever ends a run in its middle."""


@pytest.fixture(params=RUNS)
def chosen(request):
    return RUNS[request.param]


@pytest.fixture
def often(monkeypatch):
    """Write a checkpoint after every check."""
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    monkeypatch.setattr(checkpoint, "SHARE", 0.0)


def interrupt(monkeypatch, each, directory, checks, before_checkpoint=False):
    """Execute a run and break it off at a check, behind its checkpoint or before it."""
    seen = []
    save = checkpoint.save

    def break_off(path, content):
        seen.append(content)
        if len(seen) == checks and before_checkpoint:
            raise InterruptionError
        save(path, content)
        if len(seen) == checks:
            raise InterruptionError

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", break_off)
        with pytest.raises(InterruptionError):
            sweep.execute(each, os.fspath(directory))


def count_updates(monkeypatch):
    updates = []
    update = training.Trainer._update

    def look(trainer):
        updates.append(trainer.step)
        update(trainer)

    monkeypatch.setattr(training.Trainer, "_update", look)
    return updates


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("before_checkpoint", [False, True])
@pytest.mark.parametrize("checks", [1, 3, 4])
def test_an_interrupted_run_goes_on_to_the_same_bits(
    tmp_path, monkeypatch, chosen, checks, before_checkpoint
):
    expected = lab_harness.execute(chosen, tmp_path / "whole")
    interrupt(monkeypatch, chosen, tmp_path / "cut", checks, before_checkpoint)
    assert files.read(tmp_path / "cut") is None
    updates = count_updates(monkeypatch)
    assert lab_harness.execute(chosen, tmp_path / "cut") == expected
    kept = 10 * (checks - before_checkpoint)
    assert updates == list(range(kept, 40))
    names = [files.CONFIG, files.DONE, files.LOCK, files.METRICS, files.WEIGHTS]
    assert sorted(path.name for path in (tmp_path / "cut").iterdir()) == names


@pytest.mark.usefixtures("often")
def test_interrupted_at_every_check_it_comes_to_the_same_bits(tmp_path, monkeypatch, chosen):
    expected = lab_harness.execute(chosen, tmp_path / "whole")
    for _ in range(4):
        interrupt(monkeypatch, chosen, tmp_path / "cut", 1)
    assert lab_harness.execute(chosen, tmp_path / "cut") == expected


@pytest.mark.usefixtures("often")
def test_the_torch_engine_goes_on_from_its_checkpoint_too(tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")
    each = run.tuned("LSTM", 6, 0, **TINY, engine="torch")
    expected = lab_harness.execute(each, tmp_path / "whole")
    interrupt(monkeypatch, each, tmp_path / "cut", 2)
    updates = count_updates(monkeypatch)
    assert lab_harness.execute(each, tmp_path / "cut") == expected
    assert updates == list(range(20, 40))


@pytest.mark.usefixtures("often")
def test_the_seconds_of_all_attempts_are_added(tmp_path, monkeypatch):
    interrupt(monkeypatch, RUNS["RNN"], tmp_path, 2)
    path = tmp_path / files.CHECKPOINT
    there = checkpoint.load(path, RUNS["RNN"])
    assert there is not None
    assert 0 < there.seconds < 60
    checkpoint.save(path, checkpoint.Checkpoint(there.state, 5000.0))
    lab_harness.execute(RUNS["RNN"], tmp_path)
    record = files.read(tmp_path)
    assert record is not None
    assert 5000 < record.seconds < 5060


def states(each):
    found = []
    training.train(each, keep=found.append)
    return found


def test_a_checkpoint_reads_back_to_the_last_bit(tmp_path, chosen):
    path = tmp_path / files.CHECKPOINT
    for state in states(chosen):
        checkpoint.save(path, checkpoint.Checkpoint(state, 2.5))
        there = checkpoint.load(path, chosen)
        assert there is not None
        assert there.seconds == 2.5
        assert there.state.numbers == state.numbers
        assert there.state.arrays.keys() == state.arrays.keys()
        for name, array in state.arrays.items():
            assert there.state.arrays[name].dtype == array.dtype
            np.testing.assert_array_equal(there.state.arrays[name], array, strict=True)
    assert [path.name for path in tmp_path.iterdir()] == [files.CHECKPOINT]
    assert b"pickle" not in path.read_bytes()


def test_a_damaged_checkpoint_is_none_and_is_said(tmp_path, caplog):
    """Cut anywhere, and with any byte changed: either not a checkpoint, or still the same one."""
    each = RUNS["RNN"]
    path = tmp_path / files.CHECKPOINT
    state = states(each)[1]
    checkpoint.save(path, checkpoint.Checkpoint(state, 1.0))
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    damaged = [whole[:end] for end in (0, 1, 100, *rng.integers(0, len(whole), 10))]
    for place in rng.integers(0, len(whole), 150):
        changed = bytes([whole[place] ^ (1 << int(rng.integers(8)))])
        damaged.append(whole[:place] + changed + whole[place + 1 :])
    refused = 0
    for content in damaged:
        caplog.clear()
        path.write_bytes(content)
        there = checkpoint.load(path, each)
        if there is not None:
            assert there.state.numbers == state.numbers
            assert there.state.arrays.keys() == state.arrays.keys()
            for name, array in state.arrays.items():
                np.testing.assert_array_equal(there.state.arrays[name], array, strict=True)
            continue
        refused += 1
        assert caplog.messages == [f"{path} is damaged: its run starts anew"]
    assert refused > 100


@pytest.mark.usefixtures("often")
def test_a_run_with_a_damaged_checkpoint_starts_anew(tmp_path, monkeypatch, caplog):
    each = RUNS["RNN"]
    expected = lab_harness.execute(each, tmp_path / "whole")
    interrupt(monkeypatch, each, tmp_path / "cut", 2)
    path = tmp_path / "cut" / files.CHECKPOINT
    path.write_bytes(path.read_bytes()[:-200])
    updates = count_updates(monkeypatch)
    assert lab_harness.execute(each, tmp_path / "cut") == expected
    assert updates == list(range(40))
    assert caplog.messages == [f"{path} is damaged: its run starts anew"]


@pytest.mark.usefixtures("often")
def test_a_checkpoint_of_other_parameters_or_another_version_is_not_used(
    tmp_path, monkeypatch, caplog
):
    each = RUNS["RNN"]
    other = run.faithful("RNN", 4, 0, **TINY, rate=0.01)
    expected = lab_harness.execute(each, tmp_path / "whole")
    interrupt(monkeypatch, other, tmp_path / "cut", 2)
    assert lab_harness.execute(each, tmp_path / "cut") == expected
    path = tmp_path / "cut" / files.CHECKPOINT
    assert caplog.messages == [f"{path} is of other parameters: its run starts anew"]


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("package", ["handrnn", "numpy", "torch"])
def test_a_checkpoint_of_another_version_is_not_used(tmp_path, monkeypatch, caplog, package):
    engine = "torch" if package == "torch" else "numpy"
    if engine == "torch":
        pytest.importorskip("torch", reason="needs torch: pip install 'handrnn[test]'")
    each = run.faithful("RNN", 4, 0, **TINY, engine=engine)
    interrupt(monkeypatch, each, tmp_path, 2)
    known = files.versions(engine)
    assert package in known
    monkeypatch.setattr(files, "versions", lambda _: {**known, package: "99"})
    updates = count_updates(monkeypatch)
    lab_harness.execute(each, tmp_path)
    assert updates == list(range(40))
    path = tmp_path / files.CHECKPOINT
    line = f"{path} is of {package} {known[package]}, not 99: its run starts anew"
    assert caplog.messages == [line]


@pytest.mark.parametrize("lacking", ["versions", "seconds", "numbers", "run", "checks"])
def test_a_checkpoint_of_another_layout_is_none_and_is_said(tmp_path, caplog, lacking):
    each = RUNS["RNN"]
    path = tmp_path / files.CHECKPOINT
    checkpoint.save(path, checkpoint.Checkpoint(states(each)[1], 1.0))
    with np.load(path) as archive:
        arrays = dict(archive)
    document = json.loads(arrays["document"].tobytes())
    document.pop(lacking, None)
    document.get("numbers", {}).pop(lacking, None)
    arrays["document"] = np.frombuffer(json.dumps(document).encode(), np.uint8)
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    assert checkpoint.load(path, each) is None
    assert caplog.messages == [f"{path} is damaged: its run starts anew"]


def test_checkpoints_are_seconds_apart_and_cost_little():
    now = 0.0
    written = []

    def write(state):
        nonlocal now
        written.append(now)
        now += 0.25

    keeper = checkpoint.Keeper(write, clock=lambda: now)
    state = training.State({}, {})
    while now < 500:
        keeper(state)
        now += 1
    assert written[0] == checkpoint.SECONDS
    # Each took 0.25 s, so the next is due 50 s later: half a per cent.
    assert len(written) == 10
    assert 0.25 * len(written) / now < 0.01


def spoil_metrics(path):
    content = (path / files.METRICS).read_bytes()
    (path / files.METRICS).write_bytes(content[: len(content) // 2])


def spoil_done(path):
    (path / files.DONE).write_text('{"result": {"accuracy": 0.')


def spoil_config(path):
    (path / files.CONFIG).write_bytes(b"\xff\x00{")


def remove_metrics(path):
    (path / files.METRICS).unlink()


def remove_weights(path):
    (path / files.WEIGHTS).unlink()


def empty_weights(path):
    (path / files.WEIGHTS).write_bytes(b"")


def cut_weights(path):
    content = (path / files.WEIGHTS).read_bytes()
    (path / files.WEIGHTS).write_bytes(content[:-40])


def other_weights(path):
    with np.load(path / files.WEIGHTS) as arrays:
        content = {name: array + 1 for name, array in arrays.items()}
    np.savez(path / files.WEIGHTS, **content)


SPOILERS = [
    remove_weights,
    empty_weights,
    cut_weights,
    other_weights,
    spoil_metrics,
    spoil_done,
    spoil_config,
    remove_metrics,
]


@pytest.mark.parametrize("spoil", SPOILERS)
def test_a_finished_run_with_damaged_files_is_done_again_and_it_is_said(tmp_path, caplog, spoil):
    each = RUNS["RNN"]
    expected = lab_harness.execute(each, tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    writing.draft(tmp_path / files.DONE).write_text("{")
    writing.draft(tmp_path / files.CHECKPOINT).write_text("PK")
    spoil(tmp_path)
    assert not files.is_done(each, tmp_path)
    assert lab_harness.execute(each, tmp_path) == expected
    assert caplog.messages == [
        f"{tmp_path} holds a finished run with damaged files: it is done again"
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        files.CONFIG,
        files.DONE,
        files.LOCK,
        files.METRICS,
        "notes.txt",
        files.WEIGHTS,
    ]


def changed(file, change):
    def spoil(path):
        content = json.loads((path / file).read_text())
        change(content)
        (path / file).write_text(json.dumps(content))

    return spoil


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (changed(files.CONFIG, lambda c: c.update(colour=1, age=2)), "age, colour unknown"),
        (changed(files.CONFIG, lambda c: c.pop("clip")), "clip missing"),
        (changed(files.CONFIG, lambda c: c.update(cell="GPU")), "cell = 'GPU' is not one of"),
        (changed(files.DONE, lambda c: c["result"].update(colour=1)), "colour unknown"),
        (changed(files.DONE, lambda c: c["result"].pop("steps")), "steps missing"),
        (changed(files.DONE, lambda c: c.pop("seconds")), "result or seconds missing"),
        (lambda path: (path / files.DONE).write_text("[1, null]"), "result or seconds missing"),
        (changed(files.DONE, lambda c: c["result"].update(accuracy=None)), "accuracy is None"),
        (changed(files.DONE, lambda c: c.update(seconds="long")), "seconds is 'long'"),
    ],
)
def test_a_finished_run_of_another_version_is_refused_and_left_alone(tmp_path, spoil, why):
    each = RUNS["RNN"]
    directory = tmp_path / each.name
    lab_harness.execute(each, directory)
    spoil(directory)
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    said = rf"(config|done)\.json was not written by this version of handrnn \({why}.*\): choose an"
    with pytest.raises(ValueError, match=said):
        sweep.sweep([each, RUNS["LSTM"]], tmp_path, workers=1)
    with pytest.raises(ValueError, match=said):
        sweep.execute(each, os.fspath(directory))
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before
    assert list(tmp_path.iterdir()) == [directory]
    assert files.read(directory) is None
    assert files.read_all(tmp_path) == []


def test_a_copy_and_a_run_with_damaged_metrics_do_not_count(tmp_path):
    for each in RUNS.values():
        lab_harness.execute(each, tmp_path / each.name)
    names = sorted(each.name for each in RUNS.values())
    shutil.copytree(tmp_path / names[0], tmp_path / f"{names[0]} (copy)")
    assert [record.run.name for record in files.read_all(tmp_path)] == names
    spoil_metrics(tmp_path / names[1])
    assert [record.run.name for record in files.read_all(tmp_path)] == [names[0], names[2]]


@pytest.mark.parametrize("written", range(4))
def test_files_taken_in_are_no_finished_run_before_the_last_of_them(tmp_path, monkeypatch, written):
    """Beside a result whose files are damaged; this one comes from another machine."""
    each = RUNS["RNN"]
    expected = lab_harness.execute(each, tmp_path / "elsewhere")
    finished = files.as_data(tmp_path / "elsewhere")
    here = tmp_path / "here"
    lab_harness.execute(each, here)
    result = json.loads((here / files.DONE).read_text())
    (here / files.DONE).write_text(json.dumps({**result, "seconds": 12345.0}))
    spoil_config(here)
    write, count = writing.write, []

    def die(path, content):
        if len(count) == written:
            raise InterruptionError
        count.append(path)
        write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(writing, "write", die)
        with pytest.raises(InterruptionError):
            files.take_in(each, here, finished)
    assert files.read(here) is None
    files.take_in(each, here, finished)
    assert lab_harness.result_of(here) == expected
    record = files.read(here)
    assert record is not None
    assert record.seconds == finished.done["seconds"]


def test_word_of_a_failure_is_left_where_nobody_else_is_at_work_and_goes_at_the_end(tmp_path):
    each = RUNS["RNN"]
    with files.lock(tmp_path):
        files.note_failure(tmp_path, "why")
    assert files.read_failure(tmp_path) is None
    files.note_failure(tmp_path, "why")
    assert files.read_failure(tmp_path) == "why"
    files.note_failure(tmp_path / "nowhere", "why")
    assert not (tmp_path / "nowhere").exists()
    result = training.train(each)
    files.finish(tmp_path, result, 1.0)
    assert files.read_failure(tmp_path) is None
    files.note_failure(tmp_path, "why")
    assert files.read_failure(tmp_path) is None


def test_the_memory_counted_is_this_processes_own():
    if not pathlib.Path("/proc/self/status").exists():
        pytest.skip("needs /proc: elsewhere the count includes what the parent held")
    held = np.ones(400 * 2**17)  # 400 MiB
    program = "from handrnn.lab import files; print(files.peak_memory())"
    found = subprocess.run(
        [sys.executable, "-c", program],
        env=lab_harness.ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert 10 < float(found.stdout) < 300
    here = files.peak_memory()
    assert here is not None
    assert here > held.nbytes / 2**20


def test_the_memory_counted_without_proc(monkeypatch, tmp_path):
    pytest.importorskip("resource", reason="needs the limits of POSIX")
    monkeypatch.setattr(files, "_STATUS", tmp_path / "status")
    first = files.peak_memory()
    assert first is not None
    assert first > 10
    (tmp_path / "status").write_text("Name:\tpython\nVmHWM:\t    2048 kB\nVmRSS:\t 1024 kB\n")
    assert files.peak_memory() == 2.0


def test_a_foreign_file_in_the_way_is_said_and_left_alone(tmp_path):
    runs = [RUNS["RNN"], RUNS["LSTM"]]
    (tmp_path / runs[0].name).write_text("mine")
    (tmp_path / "notes.txt").write_text("mine too")
    outcome = sweep.sweep(runs, tmp_path, workers=1)
    assert [record.run for record in outcome.records] == runs[1:]
    assert list(outcome.failed) == [runs[0].name]
    assert "File exists" in outcome.failed[runs[0].name]
    assert "\n" not in outcome.failed[runs[0].name]
    assert (tmp_path / runs[0].name).read_text() == "mine"
    assert (tmp_path / "notes.txt").read_text() == "mine too"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\n\x00\n",
        b"step,loss\n10\n",
        b"step\n1,2,3\n",
        b"a\n" + b"x" * 200_000 + b"\n",
    ],
)
def test_metrics_of_somebody_else_are_no_checks(tmp_path, content):
    (tmp_path / files.METRICS).write_bytes(content)
    assert (files.read_checks(tmp_path) or [{}])[-1].get("step") is None
    assert (files.read_last_check(tmp_path) or {}).get("step") is None


def test_a_lock_is_held_by_one_and_free_after_its_holder(tmp_path):
    with files.lock(tmp_path) as first:
        assert first
        with files.lock(tmp_path) as second:
            assert not second
    with files.lock(tmp_path) as third:
        assert third


def test_a_run_held_by_another_process_is_left_to_it(tmp_path):
    with files.lock(tmp_path):
        assert sweep.execute(RUNS["RNN"], os.fspath(tmp_path)) is None
    assert [path.name for path in tmp_path.iterdir()] == [files.LOCK]


def test_a_run_found_done_is_not_done_again(tmp_path, monkeypatch):
    expected = lab_harness.execute(RUNS["RNN"], tmp_path)
    monkeypatch.delattr(training, "train")
    assert lab_harness.execute(RUNS["RNN"], tmp_path) == expected


def test_filelock_missing_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "filelock", None)
    with pytest.raises(ModuleNotFoundError, match=r"^sweeps need filelock: pip install 'handrnn\["):
        sweep.sweep([RUNS["RNN"]], tmp_path)
    assert list(tmp_path.iterdir()) == []


PROGRAM = f"""
import os, sys
from handrnn.lab import checkpoint, run, sweep, training

runs = [run.faithful("RNN", T, seed, **{TINY!r}) for T in (4, 5, 6) for seed in (0, 1)]
checkpoint.SECONDS = checkpoint.SHARE = 0.0
train = training.train

def counted(each, *arguments, **options):
    with open(sys.argv[2], "a") as file:
        file.write(each.name + "\\n")
    return train(each, *arguments, **options)

training.train = counted

if __name__ == "__main__":
    outcome = sweep.sweep(runs, sys.argv[1], workers=2)
    for name, error in outcome.failed.items():
        print(name, error)
    print(len(outcome.records))
"""


def start(program, *arguments, **options):
    return subprocess.Popen(
        [sys.executable, os.fspath(program), *map(os.fspath, arguments)],
        env=lab_harness.ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_two_sweeps_share_a_directory_and_train_each_run_once(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    both = [start(tmp_path / "program.py", tmp_path / "out", tmp_path / "log") for _ in range(2)]
    for process in both:
        assert process.communicate(timeout=120) == ("6\n", "")
        assert process.returncode == 0
    trained = (tmp_path / "log").read_text().splitlines()
    assert len(trained) == len(set(trained)) == 6
    for path in (tmp_path / "out").iterdir():
        record = files.read(path)
        assert record is not None
        expected = lab_harness.execute(record.run, tmp_path / "alone" / path.name)
        assert lab_harness.result_of(path) == expected


def test_a_line_that_does_not_fit_on_the_disk_leaves_the_metrics_whole(tmp_path):
    check = training.Check(10, 4, 2.25, 0.5, None)

    class FullDisk:
        """Takes three bytes, and says so, as a system does on a full disk."""

        def __init__(self, file):
            self.file, self.name, self.fileno = file, file.name, file.fileno

        def write(self, line):
            return self.file.write(line[:3])

    with files.metrics(tmp_path, [check]) as append:
        append(check)
    whole = (tmp_path / files.METRICS).read_bytes()
    with (tmp_path / files.METRICS).open("ab", buffering=0) as file:
        full: object = FullDisk(file)
        with pytest.raises(OSError, match="No space left on device") as caught:
            files._append(full, b"20,4,2.0,0.6,\r\n")  # pyright: ignore[reportArgumentType]
    assert caught.value.errno == errno.ENOSPC
    assert (tmp_path / files.METRICS).read_bytes() == whole
    assert len(files.read_checks(tmp_path)) == 2


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_file_that_cannot_be_written_leaves_the_earlier_one(tmp_path, monkeypatch, fails):
    path = tmp_path / files.CONFIG
    files.write_json(path, {"hidden": 8})

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if fails == "fsync" else (pathlib.Path, "replace")), full)
    with pytest.raises(OSError, match=r"No space left on device: .*config\.json"):
        files.write_json(path, {"hidden": 9})
    assert json.loads(path.read_text()) == {"hidden": 8}
    assert [path.name for path in tmp_path.iterdir()] == [files.CONFIG]


LIMITED = f"""
import resource, sys
from handrnn.lab import checkpoint, run, sweep
checkpoint.SECONDS = checkpoint.SHARE = 0.0
runs = [run.faithful("RNN", 4, 0, **{TINY!r})]
runs.append(run.faithful("RNN", 5, 0, **{{**{TINY!r}, "hidden": 128}}))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
if __name__ == "__main__":
    outcome = sweep.sweep(runs, sys.argv[1], workers=1)
    print(*outcome.failed.values(), sep="\\n")
"""


def test_a_file_over_the_limit_fails_its_run_alone(tmp_path):
    pytest.importorskip("resource", reason="needs the limits of POSIX")
    (tmp_path / "program.py").write_text(LIMITED)
    output, errors = start(tmp_path / "program.py", tmp_path / "out").communicate(timeout=60)
    small, large = sorted((tmp_path / "out").iterdir())
    where = os.fspath(large / files.CHECKPOINT)
    assert output == f"OSError: [Errno {errno.EFBIG}] File too large: {where!r}\n"
    assert errors == ""
    assert files.read(small) is not None
    assert sorted(path.name for path in large.iterdir()) == [
        files.CONFIG,
        files.FAILED,
        files.LOCK,
        files.METRICS,
    ]
    assert f"{files.read_failure(large)}\n" == output


def in_own_mounts(script, *arguments):
    """Run a shell script in a mount namespace of its own; skip where the system forbids it."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("needs unshare, to mount a small disk")
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = [unshare, *user, "--mount", "sh", "-ec"]
    trial = [*command, 'mount -t tmpfs tmpfs "$0"', *arguments]
    if subprocess.run(trial, capture_output=True, check=False).returncode != 0:
        pytest.skip("this system does not let a test mount a small disk")
    return subprocess.run(
        [*command, script, *map(os.fspath, arguments)],
        env={**lab_harness.ENVIRONMENT, "PYTHON": sys.executable},
        cwd=arguments[0],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


SETTINGS = "length = [4, 5]\n" + "\n".join(f"{name} = {value}" for name, value in TINY.items())
COMMAND = '"$PYTHON" -m handrnn run "$0/../sweep.toml" --out "$0/out" --no-progress --workers 1'
FIRST = COMMAND + " --set length=4 >/dev/null; "


def on_a_small_disk(tmp_path, script, size):
    disk = tmp_path / "disk"
    disk.mkdir()
    (tmp_path / "sweep.toml").write_text(SETTINGS)
    mount = f'mount -t tmpfs -o size={size} tmpfs "$0"; '
    return in_own_mounts(mount + script, disk)


def test_a_full_disk_is_said_and_earlier_results_stay(tmp_path):
    fill = 'cp -r "$0/out" "$0/../before"; cat /dev/zero > "$0/zeros" 2>/dev/null || true; '
    look = '; status=$?; cp -r "$0/out" "$0/../after"; exit $status'
    finished = on_a_small_disk(tmp_path, f"{FIRST}{fill}set +e; {COMMAND}{look}", "64k")
    assert finished.returncode == 1, finished
    assert "custom-RNN-T004-seed0: accuracy" in finished.stdout
    (line,) = finished.stderr.splitlines()
    assert line.startswith("custom-RNN-T005-seed0 failed: OSError: [Errno 28] No space left on dev")
    name = "custom-RNN-T004-seed0"
    expected = lab_harness.result_of(tmp_path / "before" / name)
    assert lab_harness.result_of(tmp_path / "after" / name) == expected
    for path in (tmp_path / "after").rglob("*"):
        assert not path.name.endswith(".draft")


def test_a_read_only_directory_is_said_and_can_still_be_read(tmp_path):
    protect = 'mount -o remount,ro "$0"; set +e; '
    finished = on_a_small_disk(tmp_path, f"{FIRST}{protect}{COMMAND}", "1m")
    assert finished.returncode == 1, finished
    assert finished.stdout == ""
    assert finished.stderr == f"{tmp_path / 'disk' / 'out'} cannot be written to\n"

    (tmp_path / "disk").rmdir()
    again = COMMAND + " --set length=4"
    finished = on_a_small_disk(tmp_path, f"{FIRST}{protect}{again}", "1m")
    assert (finished.returncode, finished.stderr) == (0, "")
    assert "1 of 1 runs are finished" in finished.stdout
