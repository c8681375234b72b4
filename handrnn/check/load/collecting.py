"""What a path names, with whose it is: files, folders of a class, and archives of one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from . import archives, loading, students

NESTED = 100  # files that an archive in another one counts as: they end somewhere
NOTHING = "no .py or .ipynb file was handed in"


@dataclass(frozen=True)
class Found:
    """A file to judge, or why there is none.

    Attributes
    ----------
    path : of the file
    shown : what it is called: files out of an archive have no path that lasts
    student : whose it is, in a class; else ""
    wanted : the function that was asked for, if one was
    problem : why there is nothing to judge; else ""
    """

    path: Path
    shown: str
    student: str = ""
    wanted: str | None = None
    problem: str = ""


@dataclass
class Collector:
    """Finds files; archives are unpacked into `scratch`, a folder that must outlast their use."""

    scratch: Path
    unpacked: int = 0

    def collect(self, specification: str) -> list[Found]:
        """All files that a path names.

        Parameters
        ----------
        specification : as for `loading.find`, or an archive

        Raises
        ------
        OSError
            If there is no such file, or it cannot be read.
        archives.ArchiveError
            If it is an archive that cannot be unpacked.
        """
        found = loading.find(specification)
        name, wanted = specification, found[0][1] if found else None
        if wanted:
            name = specification.rpartition("::")[0]
        shown = PurePath(name)
        if Path(name).is_dir():
            return self._of_class(Path(name), shown, wanted)
        if shown.suffix != archives.SUFFIX:
            return [Found(path, str(path), wanted=function) for path, function in found]
        try:
            return self._of_class(self._unpack(Path(name), archives.of_class()), shown, wanted)
        except archives.ArchiveError as error:
            raise archives.ArchiveError(f"{name}: {error}") from None

    def _of_class(self, root: Path, shown: PurePath, wanted: str | None) -> list[Found]:
        """The files of a class in a folder; a folder that holds nothing but one folder is left."""
        if shown.suffix == archives.SUFFIX:
            while (inner := _only_folder(root)) is not None:
                root, shown = inner, shown / inner.name
        name = shown.name if shown.name not in ("", "..") else root.resolve().name
        found = [
            Found(path, str(shown / inner), students.student(inner, name), wanted, problem)
            for path, inner, problem in self._files(root)
        ]
        there = {one.student for one in found}
        missing = [
            Found(path, str(shown / path.name), students.known(path.name), wanted, NOTHING)
            for path in root.iterdir()
            if (student := students.known(path.name)) and student not in there
        ]
        return sorted(found + missing, key=lambda one: one.shown)

    def _files(
        self, root: Path, room: archives.Room | None = None
    ) -> Iterator[tuple[Path, PurePath, str]]:
        """Each file with its path from the root, and the problem there is with it."""
        for path in loading.files_in(root, (*loading.SUFFIXES, archives.SUFFIX)):
            inner = path.relative_to(root)
            if path.suffix != archives.SUFFIX:
                yield path, inner, ""
                continue
            theirs = room or archives.of_student()
            try:
                theirs.take(files=NESTED)
                folder = self._unpack(path, theirs)
            except archives.ArchiveError as error:
                yield path, inner, f"{path.name}: {error}"
                continue
            yield from ((p, inner / more, why) for p, more, why in self._files(folder, theirs))

    def _unpack(self, archive: Path, room: archives.Room) -> Path:
        self.unpacked += 1
        folder = self.scratch / str(self.unpacked)
        archives.unpack(archive, folder, room)
        return folder


def _only_folder(root: Path) -> Path | None:
    """The folder that is all there is in a folder, unless it is a student's."""
    entries = [path for path in root.iterdir() if not loading.hidden(Path(path.name))]
    if len(entries) == 1 and entries[0].is_dir() and not students.known(entries[0].name):
        return entries[0]
    return None
