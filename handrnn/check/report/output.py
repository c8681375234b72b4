"""Files, written as a whole or not at all."""

import os
import tempfile
from pathlib import Path


def write(path: str | Path, content: str | bytes) -> None:
    """Write a file: it is there as a whole, or as it was before.

    What is not a regular file, such as a pipe, is written to as it is.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path = Path(path)
    content = content.encode("utf-8", "replace") if isinstance(content, str) else content
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    target = path.resolve()
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        mask = os.umask(0)
        os.umask(mask)
        Path(temporary).chmod(0o666 & ~mask)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
