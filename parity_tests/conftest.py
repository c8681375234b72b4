"""One thread for every test: the suite runs in parallel, and sums come in the same order."""

import os

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # read when NumPy is first imported, below and in xdist's workers

import pytest

try:
    import torch
except ImportError:
    torch = None
else:
    torch.set_num_threads(1)


def pytest_report_header(config):
    """Say what the suite proves against."""
    if torch is None:
        return "torch: not installed, every comparison with it is skipped"
    return f"torch: {torch.__version__}"


def pytest_collection_modifyitems(config, items):
    """Leave the long proofs out unless they are asked for."""
    if os.environ.get("HANDRNN_LONG") == "1":
        return
    skip = pytest.mark.skip(reason="long proof: set HANDRNN_LONG=1 to run it")
    for item in items:
        if "long" in item.keywords:
            item.add_marker(skip)
