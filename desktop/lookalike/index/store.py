"""The folder of segments: what lies in it, how a segment comes to lie there, and what is swept out.

One process writes to it at a time (the profile's lock sees to that); others only read. No thread of its own.

How a segment is committed, and what a power cut leaves at each step:

1. The index process writes ``.NAME.hnsw.part``, reads it back and flushes it to disk; the sidecar is written and
   flushed as ``.NAME.json.part``. Left behind: ``.part`` files, swept when the folder is opened.
2. ``.NAME.hnsw.part`` is renamed to ``NAME.hnsw`` and the folder flushed. Left behind: a segment without a
   sidecar, with the sidecar's ``.part`` beside it: never finished, both swept. Without the ``.part``, a sidecar was
   lost: swept and reported.
3. ``.NAME.json.part`` is renamed to ``NAME.json`` and the folder flushed: the segment counts from here on.
4. The segments it replaces are deleted. Left behind: both; the new sidecar names them, and they are swept.

A sidecar without its segment can only come from outside and is reported.
"""

from __future__ import annotations

import logging
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from lookalike.core.errors import IndexDamagedError
from lookalike.index.segment import Segment, open_plain
from lookalike.index.sidecar import NAME, SEGMENT_SUFFIX, SIDECAR_LIMIT_BYTES, SIDECAR_SUFFIX, Sidecar

log = logging.getLogger(__name__)

PART_SUFFIX = ".part"
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
TRIES = 3
"""Another process may merge while the folder is read; looking again then finds a whole state."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What every segment must have been made for."""

    model_id: str
    dim: int
    space: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What was found in the folder.

    Attributes:
        segments: Checked and open, by generation.
        problems: One sentence each, naming the file.
        refused: Names of segments that are not to be used.
        swept: Files that nothing needs: unfinished or replaced segments.
    """

    segments: tuple[Segment, ...]
    problems: tuple[str, ...]
    refused: tuple[str, ...]
    swept: tuple[Path, ...]

    def close(self) -> None:
        """Closes all segments."""
        for segment in self.segments:
            segment.close()


def segment_file(folder: Path, name: str) -> Path:
    """Returns where the segment lies."""
    return folder / f"{name}{SEGMENT_SUFFIX}"


def sidecar_file(folder: Path, name: str) -> Path:
    """Returns where its sidecar lies."""
    return folder / f"{name}{SIDECAR_SUFFIX}"


def part_of(file: Path) -> Path:
    """Returns where ``file`` is written before it counts."""
    return file.with_name(f".{file.name}{PART_SUFFIX}")


def new_name(generation: int) -> str:
    """Returns a name that no segment ever had."""
    return f"{generation:08d}-{secrets.token_hex(4)}"


def read_folder(folder: Path, wanted: Wanted) -> Contents:
    """Checks every segment in the folder, changing nothing.

    Raises:
        OSError: The folder itself cannot be read.
    """
    before = _listing(folder)
    contents = _read_once(folder, wanted)
    for _ in range(TRIES - 1):
        after = _listing(folder)
        if not contents.problems or after == before:
            break
        contents.close()
        before, contents = after, _read_once(folder, wanted)
    return contents


def sweep(folder: Path, contents: Contents) -> None:
    """Deletes what nothing needs and the segments that were refused: the catalog holds all that was in them."""
    for file in contents.swept:
        _unlink(file)
    for name in contents.refused:
        remove(folder, name)
    if contents.swept or contents.refused:
        sync_folder(folder)


def commit(folder: Path, sidecar: Sidecar) -> None:
    """Lets a segment count whose ``.part`` is written and flushed; all or nothing.

    Raises:
        OSError: The disk is full or the folder cannot be written; nothing has changed.
    """
    data, description = segment_file(folder, sidecar.name), sidecar_file(folder, sidecar.name)
    try:
        with open(part_of(description), "wb", opener=_private_opener) as out:
            out.write(sidecar.to_bytes())
            out.flush()
            os.fsync(out.fileno())
        os.replace(part_of(data), data)
        sync_folder(folder)
        os.replace(part_of(description), description)
        sync_folder(folder)
    except OSError:
        for file in (part_of(description), description, part_of(data), data):
            _unlink(file)
        raise


def remove(folder: Path, name: str) -> None:
    """Deletes a segment, the sidecar first, so that half of it is never taken for a whole one."""
    _unlink(sidecar_file(folder, name))
    _unlink(segment_file(folder, name))


def sweep_part(part: Path) -> None:
    """Deletes a file that was not finished."""
    _unlink(part)


def sync_folder(folder: Path) -> None:
    """Flushes renames and deletions to disk, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read_once(folder: Path, wanted: Wanted) -> Contents:
    """Checks every segment that lies in the folder at this moment."""
    names, lone, parts = _sort(folder)
    opened: dict[str, Segment] = {}
    problems: dict[str, str] = {}
    for name in names:
        try:
            opened[name] = _open(folder, name, wanted)
        except IndexDamagedError as error:
            problems[name] = str(error)
    for name in lone:
        if part_of(sidecar_file(folder, name)) not in parts:
            problems[name] = f"The index file “{name}{SEGMENT_SUFFIX}” has lost its description."
    replaced = {each for segment in opened.values() for each in segment.sidecar.replaces}
    unfinished = lone - problems.keys()
    for name in opened.keys() & replaced:
        opened.pop(name).close()
    swept = list(parts)
    for name in sorted(unfinished | (replaced & (names | lone))):
        swept += [sidecar_file(folder, name), segment_file(folder, name)]
    refused = sorted(problems.keys() - replaced)
    return Contents(
        tuple(sorted(opened.values(), key=lambda each: (each.sidecar.generation, each.sidecar.name))),
        tuple(problems[name] for name in refused),
        tuple(refused),
        tuple(swept),
    )


def _open(folder: Path, name: str, wanted: Wanted) -> Segment:
    """Opens one segment if it is what its sidecar says and what is wanted.

    Raises:
        IndexDamagedError: It is not, or a part of it is missing.
    """
    file = f"{name}{SEGMENT_SUFFIX}"
    try:
        with open_plain(sidecar_file(folder, name)) as source:
            data = source.read(SIDECAR_LIMIT_BYTES)
    except OSError as error:
        raise IndexDamagedError(f"The description of the index file “{file}” cannot be read.") from error
    sidecar = Sidecar.from_bytes(data, name)
    sidecar.refuse_unless(model_id=wanted.model_id, dim=wanted.dim, space=wanted.space)
    try:
        return Segment.open(segment_file(folder, name), sidecar)
    except FileNotFoundError as error:
        raise IndexDamagedError(f"The index file “{file}” is missing.") from error


def _sort(folder: Path) -> tuple[set[str], set[str], list[Path]]:
    """Returns the names that have a sidecar, those with a segment alone, and unfinished files."""
    described: set[str] = set()
    sealed: set[str] = set()
    parts: list[Path] = []
    for file in _listing(folder):
        stem, suffix = os.path.splitext(file)
        if suffix == PART_SUFFIX and file.startswith("."):
            parts.append(folder / file)
        elif suffix in (SEGMENT_SUFFIX, SIDECAR_SUFFIX) and NAME.match(stem):
            (sealed if suffix == SEGMENT_SUFFIX else described).add(stem)
        elif suffix == SEGMENT_SUFFIX:
            log.warning("A file in the index folder is none of ours and is left alone")
    return described, sealed - described, parts


def _listing(folder: Path) -> set[str]:
    """Returns the names in the folder; none where there is no folder yet."""
    try:
        return set(os.listdir(folder))
    except FileNotFoundError:
        return set()


def _unlink(file: Path) -> None:
    """Deletes a file; one that cannot go now (Windows, while it is open) goes at the next start."""
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        log.warning("A file of the index cannot be deleted now: %s", error)


def _private_opener(path: str, flags: int) -> int:
    """Makes files that only the user can read."""
    return os.open(path, flags, PRIVATE_FILE)
