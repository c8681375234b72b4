"""One thread for every test: the suite runs in parallel, and sums come in the same order."""

import os
import signal

import pytest

for variable in (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
):
    os.environ[variable] = "1"  # read when NumPy is first imported, below and in xdist's workers

try:
    import torch
except ImportError:
    torch = None
else:
    torch.set_num_threads(1)


MANY = pytest.StashKey[dict[str, int]]()


def pytest_addoption(parser):
    """``--every N``."""
    words = "of a test with many parameters, take each N-th of those that are chosen: a sample"
    parser.addoption("--every", type=int, default=1, metavar="N", help=words)


def pytest_configure(config):
    """Count the parameters of each test."""
    config.stash[MANY] = {}


def pytest_itemcollected(item):
    """Of a test marked ``sample(N)`` all but each N-th parameter is long."""
    mark = item.get_closest_marker("sample")
    if mark is not None:
        many = item.config.stash[MANY]
        name = item.nodeid.partition("[")[0]
        many[name] = many.get(name, -1) + 1
        if many[name] % mark.args[0]:
            item.add_marker(pytest.mark.long)


@pytest.hookimpl(trylast=True)  # once the marks have chosen
def pytest_collection_modifyitems(config, items):
    """Leave out what ``--every`` does not want; of each test, the first stays.

    Of a test marked ``sample`` nothing does: the default suite has its part of it.
    """
    many, kept, left = {}, [], []
    every = config.getoption("--every")
    for item in items:
        number = many.setdefault(item.nodeid.partition("[")[0], 0)
        many[item.nodeid.partition("[")[0]] = number + 1
        known = every > 1 and item.get_closest_marker("sample") is not None
        (left if known or number % every else kept).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


@pytest.fixture
def interruptible():
    """Ctrl-C arrives, in processes started as well: from a shell's background it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def pytest_report_header(config):
    """Say what the suite proves against."""
    if torch is None:
        return "torch: not installed, every comparison with it is skipped"
    return f"torch: {torch.__version__}"
