"""Zip archives as they were downloaded, unpacked: nothing lands outside, and no more than fits.

Only programs, notebooks and archives within are written; of other files there is only the name.
"""

import shutil
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from . import loading

SUFFIX = ".zip"
BLOCK = 1 << 16
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


class ArchiveError(ValueError):
    """An archive is not unpacked, and why."""


@dataclass
class Room:
    """How many files, and bytes in them, may still be unpacked."""

    files: int
    bytes: int

    def take(self, files: int = 0, bytes: int = 0) -> None:
        """Raise ArchiveError where there is no room for so many more."""
        self.files -= files
        self.bytes -= bytes
        if self.files < 0 or self.bytes < 0:
            what = "files" if self.files < 0 else "program text"
            raise ArchiveError(f"it holds more {what} than is unpacked")


def of_class() -> Room:
    """For the archive of a class."""
    return Room(20_000, 1 << 30)


def of_student() -> Room:
    """For what one student handed in: it takes no room from the others."""
    return Room(2_000, 64 << 20)


def unpack(archive: Path, folder: Path, room: Room) -> None:
    """Unpack an archive into a new folder.

    Raises
    ------
    ArchiveError
        If it cannot be read, is encrypted, holds more than there is room for, or holds a link or a
        name that leads out of the folder; then nothing of it is left.
    """
    folder.mkdir()
    try:
        with zipfile.ZipFile(archive) as opened:
            _unpack(opened, folder, room)
    except (ArchiveError, *BROKEN) as error:
        shutil.rmtree(folder, ignore_errors=True)
        known = isinstance(error, ArchiveError)
        raise error if known else ArchiveError(f"it cannot be unpacked: {error}") from None


def _unpack(opened: zipfile.ZipFile, folder: Path, room: Room) -> None:
    members = [(one, _target(one, folder)) for one in opened.infolist()]
    room.take(files=len(members))
    for member, target in members:
        if member.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            _unpack_one(opened, member, target, room)


def _target(member: zipfile.ZipInfo, folder: Path) -> Path:
    """Where a member goes."""
    parts = member.filename.replace("\\", "/").rstrip("/").split("/")
    outside = ".." in parts or not parts[0] or ":" in parts[0]
    if outside or stat.S_ISLNK(member.external_attr >> 16):
        raise ArchiveError(f"it holds {member.filename!r}, which leads out of it: nothing is read")
    return folder.joinpath(*parts)


def _unpack_one(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, room: Room) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as written:
        if target.suffix not in (*loading.SUFFIXES, SUFFIX):
            return
        with opened.open(member) as read:
            while block := read.read(BLOCK):  # what the archive says of sizes may be a lie
                room.take(bytes=len(block))
                written.write(block)
