"""Checks catalog against index against files and says in words what does not fit; changes nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass

from lookalike.catalog.catalog import Catalog
from lookalike.core.records import FolderState, WatchedFolder
from lookalike.index.vectors import VectorIndex
from lookalike.library.scanner import file_stat, is_gone, is_unchanged

NAMED = 3
"""Problems of one kind name this many files and count the rest."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check found.

    Attributes:
        photos: Files known and not missing.
        embeddings: Contents embedded with the model in use.
        segments: Sealed segments that can be used.
        tail: Embeddings not in any of them.
        problems: One sentence each.
    """

    photos: int
    embeddings: int
    segments: int
    tail: int
    problems: tuple[str, ...]

    @property
    def is_ok(self) -> bool:
        """Whether nothing was found."""
        return not self.problems


def verify(
    catalog: Catalog, index: VectorIndex, model_id: str, folders: tuple[WatchedFolder, ...]
) -> Verification:
    """Checks everything that can be checked without decoding.

    Args:
        catalog: A connection of the calling thread.
        index: The profile's index, open for reading.
        model_id: The model in use.
        folders: The watched folders; those offline are not compared.
    """
    problems = [*catalog.check(), *index.check(), *_missing_embeddings(catalog, model_id)]
    for folder in folders:
        if folder.state is not FolderState.OFFLINE:
            problems += _changed_files(catalog, folder)
    counts = catalog.counts()
    embeddings = counts.embeddings.get(model_id, 0)
    if len(index.contents()) != embeddings:
        problems.append(f"The index finds {len(index.contents())} of {embeddings} embeddings.")
    return Verification(counts.photos, embeddings, index.segments, index.tail, tuple(problems))


def _missing_embeddings(catalog: Catalog, model_id: str) -> list[str]:
    count = len(catalog.contents_without_embedding(model_id, 1 << 60))
    if not count:
        return []
    noun = "photo has" if count == 1 else "photos have"
    return [f"{count} {noun} no embedding of the model in use yet."]


def _changed_files(catalog: Catalog, folder: WatchedFolder) -> list[str]:
    gone: list[bytes] = []
    changed: list[bytes] = []
    for path, known in catalog.known_files(folder.folder_id).items():
        if known.is_missing or known.content_id is None or known.stat is None:
            continue
        try:
            if not is_unchanged(file_stat(os.lstat(path)), known.stat):
                changed.append(path)
        except OSError:
            if is_gone(path):
                gone.append(path)
    return [
        f"{_count(paths)} {what}: {_named(paths)}."
        for paths, what in ((gone, "gone since the last scan"), (changed, "other than at the last scan"))
        if paths
    ]


def _count(paths: list[bytes]) -> str:
    return "1 photo is" if len(paths) == 1 else f"{len(paths)} photos are"


def _named(paths: list[bytes]) -> str:
    names = ", ".join(f"“{path.decode('utf-8', 'replace')}”" for path in paths[:NAMED])
    return names if len(paths) <= NAMED else f"{names} and {len(paths) - NAMED} more"
