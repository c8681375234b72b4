"""Sweeps whose processes are killed outright lose nothing but time, and leave nothing behind."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import pytest

from handrnn.lab import executors, files, run
from parity_tests import lab_harness

lab_harness.needs("filelock")
pytestmark = pytest.mark.skipif(
    not pathlib.Path("/proc/self/stat").exists(), reason="looks for processes in /proc"
)

TINY = {"hidden": 16, "batch": 32, "check_every": 5, "screen": 50, "confirm": 50}
SIZES = {"RNN": 300, "LSTM": 100}
RUNS = [
    run.PRESETS[preset](cell, 8, 0, **TINY, steps=steps, solved=1.0)
    for preset in ("faithful", "tuned")
    for cell, steps in SIZES.items()
]
# A checkpoint after every check, so that each life of a process brings the sweep on.
PROGRAM = f"""
import sys
from handrnn.lab import checkpoint, run, sweep

checkpoint.SECONDS = checkpoint.SHARE = 0.0
runs = {RUNS!r}

if __name__ == "__main__":
    outcome = sweep.sweep(runs, sys.argv[1], workers=2)
    for name, error in outcome.failed.items():
        print(name, error)
    sys.exit(1 if outcome.failed else 0)
""".replace("Run(", "run.Run(")
ENVIRONMENT = {
    **lab_harness.ENVIRONMENT,
    # Python itself cleans up after a killed parent, and says that it did.
    "PYTHONWARNINGS": "ignore:resource_tracker",
}
WARNING = "a worker process has died: its run is taken up by a new one"


def processes():
    """Number, parent and session of every process that is alive, and its command."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            status = (path / "stat").read_text().rpartition(")")[2].split()
            command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, ValueError):  # ended meanwhile
            continue
        if status[0] != "Z":
            found.append((int(path.name), int(status[1]), int(status[3]), command))
    return found


def workers_of(parent):
    return [
        pid for pid, above, _, command in processes() if above == parent and "spawn_main" in command
    ]


def nothing_left(session):
    lab_harness.wait_for(
        lambda: not any(there == session for _, _, there, _ in processes()),
        "a process is left behind",
        60,
    )


def start(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    return subprocess.Popen(
        [sys.executable, os.fspath(program), os.fspath(tmp_path / "out")],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def assert_as_if_undisturbed(out, alone):
    assert sorted(path.name for path in out.iterdir()) == sorted(each.name for each in RUNS)
    for each in RUNS:
        expected = lab_harness.execute(each, alone / each.name)
        assert lab_harness.result_of(out / each.name) == expected
        names = [files.CONFIG, files.DONE, files.LOCK, files.METRICS, files.WEIGHTS]
        assert sorted(path.name for path in (out / each.name).iterdir()) == names


def kill_at_random(tmp_path, seed, kills):
    """Run a sweep to its end, killing the parent, a worker or all of them at random moments."""
    chance = random.Random(seed)
    done = dict.fromkeys(("parent", "worker", "both"), 0)
    while True:
        process = start(tmp_path)
        while sum(done.values()) < kills and process.poll() is None:
            lab_harness.wait_for(
                lambda at=process: workers_of(at.pid) or at.poll() is not None, "no worker", 60
            )
            time.sleep(chance.uniform(0, 1.2))
            workers = workers_of(process.pid)
            victim = chance.choice(list(done))
            if process.poll() is not None or not workers:
                continue
            struck = kill(chance.choice(workers)) if victim != "parent" else False
            struck = kill(process.pid) or struck if victim != "worker" else struck
            done[victim] += struck
            if victim != "worker":
                break
        output, errors = process.communicate(timeout=120)
        nothing_left(process.pid)
        # A worker that is just being started when its parent is killed ends in Python's own error.
        if process.returncode != -signal.SIGKILL or "in spawn_main" not in errors:
            assert set(errors.splitlines()) <= {WARNING}
        if process.returncode == 0:
            return done
        assert process.returncode == -signal.SIGKILL or "its process died 3 times" in output


@pytest.mark.long
def test_killed_at_random_moments_a_sweep_comes_to_the_same_bits(tmp_path):
    done = kill_at_random(tmp_path, seed=17, kills=2)
    assert sum(done.values()) == 2
    assert_as_if_undisturbed(tmp_path / "out", tmp_path / "alone")


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 9))
def test_killed_many_times_a_sweep_comes_to_the_same_bits(tmp_path, seed):
    done = kill_at_random(tmp_path, seed, kills=15)
    assert sum(done.values()) >= 4
    assert_as_if_undisturbed(tmp_path / "out", tmp_path / "alone")


@pytest.mark.long
def test_a_killed_worker_is_replaced_and_its_run_goes_on(tmp_path):
    process = start(tmp_path)
    out = tmp_path / "out"
    lab_harness.wait_for(lambda: list(out.glob(f"*/{files.CHECKPOINT}")), "no checkpoint", 60)
    victim = workers_of(process.pid)[0]
    assert kill(victim)
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, output) == (0, "")
    assert errors.splitlines() == [WARNING]
    nothing_left(process.pid)
    assert_as_if_undisturbed(out, tmp_path / "alone")


def die(directory):
    """Note the attempt and kill this process."""
    with (pathlib.Path(directory) / "attempts").open("a") as file:
        file.write("x")
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_call_that_kills_its_process_again_and_again_fails_alone(tmp_path, caplog):
    with executors.process_pool(2) as pool:
        deadly = pool.submit(die, os.fspath(tmp_path))
        others = [pool.submit(pow, 2, n) for n in range(20)]
        with pytest.raises(executors.ProcessDiedError, match="its process died 3 times: killed"):
            deadly.result(timeout=60)
        assert [other.result(timeout=60) for other in others] == [2**n for n in range(20)]
        assert pool.submit(pow, 3, 2).result(timeout=60) == 9
    assert (tmp_path / "attempts").read_text() == "x" * executors.ATTEMPTS
    assert caplog.messages == [WARNING] * (executors.ATTEMPTS - 1)
