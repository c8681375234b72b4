"""One BLAS thread: the arrays of a run are small, and the order of summation must not vary."""

import contextlib
import os
from collections.abc import Iterator

VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


@contextlib.contextmanager
def one_thread_in_children() -> Iterator[None]:
    """Let processes started within this context load their BLAS with one thread."""
    before = {name: os.environ.get(name) for name in VARIABLES}
    os.environ.update(dict.fromkeys(VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def one_thread_here() -> contextlib.AbstractContextManager:
    """Hold this process's BLAS to one thread, where threadpoolctl is there to do so."""
    try:
        import threadpoolctl
    except ModuleNotFoundError:
        return contextlib.nullcontext()
    return threadpoolctl.threadpool_limits(1)
