"""Whether the catalog is sound, in words; reading only, confined to the connection's thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import islice

import numpy as np

from lookalike.catalog.connection import Connection
from lookalike.catalog.embeddings import STORED, UNIT_TOLERANCE
from lookalike.catalog.keys import is_under
from lookalike.core.errors import ProfileError

MOST_PER_KIND = 20
"""So many problems of one kind are named one by one; thousands of lines help nobody."""
BATCH = 4096


class Checks(Connection):
    """Looking for damage."""

    def check(self) -> list[str]:
        """Returns what is wrong with the catalog, one sentence each; empty when all is well.

        Reads the whole file. Where the file is too damaged to go on, the last sentence says so.
        """
        problems: list[str] = []
        try:
            for kind in (
                self._wrong_pages,
                self._wrong_references,
                self._wrong_embeddings,
                self._unused_contents,
                self._wrong_folders,
                self._wrong_numbers,
            ):
                found = kind()
                problems += islice(found, MOST_PER_KIND)
                if more := sum(1 for _ in found):
                    problems.append(f"There are {more:,} more problems of this kind.")
        except ProfileError as error:
            problems.append(str(error))
        except (sqlite3.Error, OverflowError, TypeError, ValueError) as error:
            problems.append(f"The catalog could not be read to its end ({error}).")
        return problems

    def _wrong_pages(self) -> Iterator[str]:
        for (text,) in self._rows("PRAGMA quick_check(1000)"):
            if text != "ok":
                yield f"The catalog file is damaged: {text}."

    def _wrong_references(self) -> Iterator[str]:
        for table, row, parent, _ in self._rows("PRAGMA foreign_key_check"):
            yield f"Row {row} of the catalog's table “{table}” refers to a row of “{parent}” that is gone."

    def _wrong_embeddings(self) -> Iterator[str]:
        for model_row, name, dim in self._rows("SELECT model_row, name, dim FROM model ORDER BY model_row"):
            length = dim * STORED.itemsize
            last = -1
            while rows := self._rows(
                "SELECT change_seq, content_id, vector FROM embedding NOT INDEXED"
                " WHERE change_seq > ? AND model_row = ? ORDER BY change_seq LIMIT ?",
                (last, model_row, BATCH),
            ):
                last = rows[-1][0]
                whole = []
                for _, content_id, vector in rows:
                    if len(vector) == length:
                        whole.append((content_id, vector))
                    else:
                        yield (
                            f"The embedding of content {content_id} by model {name} has {len(vector)} bytes where"
                            f" {length} belong."
                        )
                vectors = np.frombuffer(b"".join(vector for _, vector in whole), STORED).reshape(-1, dim)
                with np.errstate(over="ignore", invalid="ignore"):
                    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64))
                    is_wrong = ~(np.abs(lengths - 1) <= UNIT_TOLERANCE)
                for row in np.flatnonzero(is_wrong):
                    what = (
                        "is not of unit length"
                        if np.isfinite(lengths[row])
                        else "holds values that are no numbers"
                    )
                    yield f"The embedding of content {whole[row][0]} by model {name} {what}."

    def _unused_contents(self) -> Iterator[str]:
        for (content_id,) in self._rows(
            "SELECT content_id FROM content"
            " WHERE NOT EXISTS (SELECT 1 FROM file WHERE file.content_id = content.content_id)"
        ):
            yield f"Content {content_id} belongs to no file; the next scan forgets it."

    def _wrong_folders(self) -> Iterator[str]:
        folders: dict[int, bytes] = dict(self._rows("SELECT folder_id, path FROM folder"))
        for folder_id, place in self._rows(
            "SELECT DISTINCT file.folder_id, place.path FROM file JOIN place USING (place_id)"
        ):
            folder = folders.get(folder_id)
            if folder is not None and place != folder and not is_under(place, folder):
                yield f"Files in “{_shown(place)}” are kept under “{_shown(folder)}”, where they do not lie."

    def _wrong_numbers(self) -> Iterator[str]:
        last = self._value("SELECT value FROM meta WHERE key = 'change_seq'")
        highest = self._value(
            "SELECT max(coalesce((SELECT max(change_seq) FROM embedding), 0),"
            " coalesce((SELECT max(change_seq) FROM removed), 0))"
        )
        if highest > last:
            yield f"The catalog counts changes up to {last}, but holds one with the number {highest}."


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "replace")
