"""One BLAS thread: the arrays of a run are small, and the order of summation must not vary."""

import contextlib
import os
import threading
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


# The limit is one of the whole process, and only the thread that set it can lift it. Were two runs
# to overlap in the threads of one process, the first to end would leave the other without.
_one_run = threading.RLock()


def _can_limit() -> bool:
    """Whether threadpoolctl is there."""
    try:
        import threadpoolctl  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True


def _check_variables() -> None:
    """Raise ModuleNotFoundError if the environment leaves BLAS more than one thread."""
    if any(os.environ.get(name) != "1" for name in VARIABLES):
        raise ModuleNotFoundError(
            "one BLAS thread needs threadpoolctl: pip install 'handrnn[plots]'"
        )


@contextlib.contextmanager
def one_thread_here() -> Iterator[None]:
    """Hold this process's BLAS to one thread.

    Another thread of the process that asks for the same waits until this context is left. Without
    threadpoolctl, the environment has to have said one thread before NumPy was imported.

    Raises
    ------
    ModuleNotFoundError
        If threadpoolctl is missing, and the environment does not say one thread.
    RuntimeError
        If another thread holds BLAS to some other number.
    """
    if not _can_limit():
        _check_variables()
        yield
        return
    import threadpoolctl

    with _one_run, threadpoolctl.threadpool_limits(1):
        info = threadpoolctl.threadpool_info()
        most = max(
            (lib["num_threads"] or 1 for lib in info if lib["user_api"] == "blas"), default=1
        )
        if most != 1:
            raise RuntimeError(f"another thread of this process holds BLAS to {most} threads")
        yield
