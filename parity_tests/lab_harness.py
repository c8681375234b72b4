"""What the tests of the laboratory share: runs and their files, other processes, waiting."""

import csv
import dataclasses
import os
import pathlib
import time

import numpy as np
import pytest

from handrnn.lab import files, model, sweep, training

ROOT = pathlib.Path(__file__).parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.fspath(ROOT)}  # of a process that finds handrnn
# A run of a moment, that has learned next to nothing.
TINY = {"hidden": 8, "steps": 4, "check_every": 2, "screen": 20, "confirm": 20, "batch": 8}


def needs(name, extra="plots"):
    """The package, or a skip that says how to get it: of a test, or of a file at its head."""
    __tracebackhide__ = True  # the skip is said to be where it is asked for
    return pytest.importorskip(name, reason=f"needs {name}: pip install 'handrnn[{extra}]'")


def wait_for(condition, what, seconds=90):
    """What the condition gives once it is true; `what` is said if it does not come to that."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
    return found


def execute(each, directory):
    """Execute a run as a sweep does; give what `result_of` does."""
    assert sweep.execute(each, os.fspath(directory)) is not None
    return result_of(directory)


def result_of(directory):
    """What has to be equal to the last bit, of a finished run."""
    record = files.read(directory)
    assert record is not None
    return record.run, record.result, (directory / files.METRICS).read_bytes()


def finish(directory, chosen, accuracy, seconds=1.5, checks=(), **changes):
    """Write the files of a finished run without training it; changes are of its result."""
    place = directory / chosen.name
    place.mkdir(parents=True)
    files.write_json(place / files.CONFIG, dataclasses.asdict(chosen))
    checks = checks or [training.Check(3000, chosen.length, 2.0, accuracy, accuracy)]
    with files.metrics(place, checks):
        pass
    weights = {"layer.weight": np.zeros(1)}
    files.write_weights(place, weights)
    result = training.Result(
        accuracy, 50, "cap", checks[-1].step, 4, model.fingerprint(weights.values())
    )
    result = {**dataclasses.asdict(result), **changes}
    done = {"result": result, "seconds": seconds, "versions": {}}
    files.write_json(place / files.DONE, done)


def rows_of(path):
    """The rows of a table, as dicts."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
