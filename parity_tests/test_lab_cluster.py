"""Sweeps on a Dask cluster: a scheduler and two workers, real processes on this machine."""

import contextlib
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from handrnn.lab import executors, files, run, settings, sweep, threads, training
from parity_tests import lab_harness

lab_harness.needs("filelock")

SETTINGS = """
preset = ["faithful", "tuned"]
cell = ["RNN", "LSTM"]
length = [6, 8]
hidden = 16
batch = 32
steps = 300
check_every = 10
screen = 50
confirm = 100
"""
# What a worker that sees nothing of the sweep's directory would find.
BLIND = """
import os
access = os.access
os.access = lambda path, mode: "{out}" not in os.fspath(path) and access(path, mode)
"""


def missing_distributed():
    try:
        import distributed  # noqa: F401
    except ModuleNotFoundError:
        return True
    return False


needs_dask = pytest.mark.skipif(
    missing_distributed(), reason="needs distributed: pip install 'handrnn[cluster]'"
)


class Cluster:
    """A scheduler and its workers."""

    def __init__(self, directory, stack):
        self.directory = directory
        self.stack = stack
        self.contact = directory / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", "--port", "0", "--scheduler-file", os.fspath(self.contact)
        )
        lab_harness.wait_for(self._address, "the scheduler does not start")
        self.address = self._address()
        self.workers = []

    def _address(self):
        try:
            return json.loads(self.contact.read_text())["address"]
        except (OSError, ValueError):
            return None

    def add_worker(self, *options):
        options = ("--nthreads", "1", "--no-nanny", "--local-directory", ".", *options)
        self.workers.append(self._start("worker", self.address, *options))
        lab_harness.wait_for(
            lambda: self.logs().count("Registered to:") == len(self.workers),
            "the worker does not start",
        )

    def _start(self, *arguments):
        log = self.stack.enter_context(
            (self.directory / f"{len(list(self.directory.iterdir()))}.log").open("w")
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments, "--host", "127.0.0.1", "--no-dashboard"],
            cwd=self.directory,
            env=lab_harness.ENVIRONMENT,
            stdout=log,
            stderr=log,
        )
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        return process

    def logs(self):
        return "".join(path.read_text() for path in self.directory.glob("*.log"))


@pytest.fixture
def cluster(tmp_path):
    with contextlib.ExitStack() as stack:
        directory = tmp_path / "cluster"
        directory.mkdir()
        yield Cluster(directory, stack)


def run_sweep(tmp_path, *options):
    (tmp_path / "sweep.toml").write_text(SETTINGS)
    command = [sys.executable, "-m", "handrnn", "run", "sweep.toml", "--out", "out", *options]
    return subprocess.Popen(
        command,
        cwd=tmp_path,
        env=lab_harness.ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def assert_as_alone(tmp_path):
    runs = settings.load(tmp_path / "sweep.toml")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        each.name for each in runs
    )
    for each in runs:
        expected = lab_harness.execute(each, tmp_path / "alone" / each.name)
        assert lab_harness.result_of(tmp_path / "out" / each.name) == expected


@needs_dask
@pytest.mark.long
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "nothing shared"])
def test_a_cluster_that_loses_a_worker_gives_the_same_bits(tmp_path, cluster, shared):
    options = []
    if not shared:
        (tmp_path / "blind.py").write_text(BLIND.format(out=tmp_path / "out"))
        options = ["--preload", os.fspath(tmp_path / "blind.py")]
    for _ in range(2):
        cluster.add_worker(*options)
    process = run_sweep(tmp_path, "--dask", cluster.address)
    out = tmp_path / "out"
    lab_harness.wait_for(lambda: list(out.glob(f"*/{files.DONE}")), "no run has ended")
    assert len(list(out.glob(f"*/{files.DONE}"))) < 8, "results do not come as they finish"
    cluster.workers[0].send_signal(signal.SIGKILL)
    output, errors = process.communicate(timeout=240)
    assert (process.returncode, errors) == (0, ""), cluster.logs()
    assert output.splitlines()[-1] == "8 of 8 runs are finished in out, 0 of them since earlier"
    assert cluster.workers[1].poll() is None
    assert_as_alone(tmp_path)


@needs_dask
@pytest.mark.long
def test_a_cluster_without_workers_is_said_and_waited_for(tmp_path, cluster):
    process = run_sweep(tmp_path, "--dask", cluster.address)
    assert process.stderr is not None
    line = process.stderr.readline()
    assert line == f"the cluster at {cluster.address} has no workers yet: waiting for them\n"
    cluster.add_worker()
    assert process.communicate(timeout=240)[1] == ""
    assert process.returncode == 0
    assert_as_alone(tmp_path)


@needs_dask
@pytest.mark.long
def test_a_lost_cluster_is_said_and_what_is_done_stays(tmp_path, cluster):
    cluster.add_worker()
    process = run_sweep(tmp_path, "--dask", cluster.address)
    lab_harness.wait_for(
        lambda: list((tmp_path / "out").glob(f"*/{files.DONE}")), "no run has ended"
    )
    cluster.scheduler.kill()
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert 1 <= len(files.read_all(tmp_path / "out")) < 8
    unfinished = errors.splitlines()
    assert unfinished
    for line in unfinished:
        assert line.endswith(
            " failed: its executor has given it up or was lost; the same command goes on from there"
        )
    assert len(unfinished) + len(output.splitlines()) - 1 == 8
    again = run_sweep(tmp_path)
    assert again.communicate(timeout=120)[1] == ""
    assert_as_alone(tmp_path)


@needs_dask
@pytest.mark.long
def test_ctrl_c_leaves_a_cluster_in_one_line(tmp_path, cluster, interruptible):
    cluster.add_worker()
    process = run_sweep(tmp_path, "--dask", cluster.address)
    lab_harness.wait_for(
        lambda: list((tmp_path / "out").glob(f"*/{files.DONE}")), "no run has ended"
    )
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (130, "")
    (line,) = errors.splitlines()
    assert line.endswith("8 runs are finished in out; the same command goes on from there")
    assert cluster.workers[0].poll() is None


@needs_dask
@pytest.mark.long
def test_a_worker_of_two_threads_gives_the_same_bits(tmp_path, cluster):
    cluster.add_worker("--nthreads", "2")
    process = run_sweep(tmp_path, "--dask", cluster.address)
    assert process.communicate(timeout=240)[1] == ""
    assert process.returncode == 0
    assert_as_alone(tmp_path)


@needs_dask
def test_a_wrong_address_is_one_line_within_ten_seconds(tmp_path, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    importlib.import_module("distributed")  # takes its own time
    shortened = executors.DASK_SECONDS - 1
    monkeypatch.setattr(executors, "DASK_SECONDS", 1)
    start = time.monotonic()
    with (
        pytest.raises(ConnectionError, match=f"^no Dask scheduler answers at {address}: .*$"),
        executors.dask_cluster(address),
    ):
        pass
    assert time.monotonic() - start + shortened < 10


@needs_dask
@pytest.mark.long
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "tcp//127.0.0.1:9", "nowhere.invalid:1"])
def test_the_command_line_says_a_wrong_address_in_one_line(tmp_path, address):
    process = run_sweep(tmp_path, "--dask", address)
    output, errors = process.communicate(timeout=60)
    (line,) = errors.splitlines()
    assert line.startswith(f"no Dask scheduler answers at {address}: ")
    assert (process.returncode, output) == (1, "")
    assert not (tmp_path / "out").exists()


@needs_dask
def test_a_run_held_by_another_process_is_executed_when_it_is_free(tmp_path):
    """The call made again is the same as the one answered before, and yet has to be made."""
    import distributed

    local_cluster: Any = distributed.LocalCluster
    each = run.faithful("RNN", 4, 0, hidden=8, batch=16, steps=20, check_every=10, confirm=100)
    out = tmp_path / "out"
    (out / each.name).mkdir(parents=True)
    outcomes = []

    def execute(address):
        with executors.dask_cluster(address) as cluster:
            outcomes.append(sweep.sweep([each], out, cluster, remote=True))

    with (
        local_cluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as witness,
    ):
        sweeping = threading.Thread(target=execute, args=(cluster.scheduler_address,), daemon=True)
        with files.lock(out / each.name) as free:
            assert free
            sweeping.start()
            lab_harness.wait_for(lambda: tasks_done(witness) > 0, "the run is not tried", 20)
        sweeping.join(20)
        assert not sweeping.is_alive()
    (outcome,) = outcomes
    assert [record.run for record in outcome.records] == [each]
    assert lab_harness.result_of(out / each.name)[1] == training.train(each)


def tasks_done(client):
    (log,) = client.run(lambda dask_worker: len(dask_worker.state.log)).values()
    return log


def test_distributed_missing_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(ModuleNotFoundError, match=r"^clusters need Dask: pip install 'handrnn\[clu"),
        executors.dask_cluster("tcp://127.0.0.1:9"),
    ):
        pass


def test_a_run_executed_out_of_sight_comes_back_as_data(tmp_path, monkeypatch):
    """The executor's machine does not see the sweep's directory, so the parent writes the files."""
    each = run.faithful("RNN", 4, 0, hidden=8, batch=16, steps=20, check_every=10, confirm=100)
    expected = lab_harness.execute(each, tmp_path / "seen")
    access = os.access
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: path != out and access(path, mode))
    finished = sweep.execute_anywhere(each, os.fspath(out / each.name))
    assert list(out.iterdir()) == []
    assert finished is not None
    files.take_in(each, out / each.name, finished)
    assert lab_harness.result_of(out / each.name) == expected
    assert set(json.loads((out / each.name / files.DONE).read_text())) == {
        "result",
        "seconds",
        "peak_memory_mib",
        "versions",
    }


def test_runs_of_one_process_wait_for_each_other_and_have_one_blas_thread():
    """The limit belongs to the thread that set it: runs that overlap would end each other's."""
    threadpoolctl = lab_harness.needs("threadpoolctl")
    with threadpoolctl.threadpool_limits(2):
        pass  # leaves the number free to be set by any thread
    before = blas_threads(threadpoolctl)
    inside, leave, seen = threading.Event(), threading.Event(), []

    def hold(number):
        with threads.one_thread_here():
            seen.append((number, blas_threads(threadpoolctl)))
            inside.set()
            assert leave.wait(30)
            seen.append((number, blas_threads(threadpoolctl)))

    first = threading.Thread(target=hold, args=(1,))
    first.start()
    assert inside.wait(30)
    second = threading.Thread(target=hold, args=(2,))
    second.start()
    second.join(0.2)
    leave.set()
    first.join()
    second.join()
    assert seen == [(1, {1}), (1, {1}), (2, {1}), (2, {1})]
    assert blas_threads(threadpoolctl) == before


def test_a_number_of_blas_threads_held_by_another_thread_is_an_error():
    threadpoolctl = lab_harness.needs("threadpoolctl")
    said = []

    def ask():
        try:
            with threads.one_thread_here():
                said.append(blas_threads(threadpoolctl))
        except RuntimeError as error:
            said.append(str(error))

    with threadpoolctl.threadpool_limits(2):
        asking = threading.Thread(target=ask)
        asking.start()
        asking.join()
    # Where each thread has a number of its own, there is nothing to refuse.
    assert said in (["another thread of this process holds BLAS to 2 threads"], [{1}])


def blas_threads(threadpoolctl):
    info = threadpoolctl.threadpool_info()
    return {library["num_threads"] for library in info if library["user_api"] == "blas"}


def test_without_threadpoolctl_a_run_needs_the_variables(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    for name in threads.VARIABLES:
        monkeypatch.setenv(name, "1")
    each = run.faithful("RNN", 4, 0, hidden=8, batch=16, steps=2, screen=10, confirm=10)
    expected = training.train(each)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "4")
    with pytest.raises(ModuleNotFoundError, match="one BLAS thread needs threadpoolctl: pip"):
        training.train(each)
    monkeypatch.undo()
    assert training.train(each) == expected
