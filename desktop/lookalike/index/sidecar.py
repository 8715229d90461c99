"""The sidecar: what a sealed segment must be, written beside it and sealed itself; pure, any thread.

A sidecar is JSON in one fixed spelling with a checksum over its own values, so that a flipped bit in it is found
like one in the segment. It is written last: a segment without a sidecar was never finished.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from dataclasses import dataclass

from lookalike.core.errors import IndexDamagedError

FORMAT = 1
"""Rises when an older version could misread a segment."""
SEGMENT_SUFFIX = ".hnsw"
SIDECAR_SUFFIX = ".json"
SPACES = {"cosine": "cosine", "euclidean": "l2"}
"""What hnswlib calls the metric."""
HEADER_BYTES = 96
"""Before the first record of a file that hnswlib 0.8 saves; checked when a segment is sealed."""
NAME = re.compile(r"\d{8,12}-[0-9a-f]{8}\Z")
SIDECAR_LIMIT_BYTES = 1_000_000
"""No sidecar comes near it; a longer file is none."""


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What one segment is.

    Attributes:
        name: Of the segment without suffix; the file that carries another segment's sidecar is refused.
        model_id: The model that made its embeddings.
        dim: Values per embedding.
        space: hnswlib's word for the metric, ``cosine`` or ``l2``.
        count: Rows in it.
        generation: Of two segments that hold the same content the higher one is right.
        after_change_seq: The segment covers changes after this one ...
        change_seq: ... up to this one.
        size_bytes: Of the segment's file.
        sha256: Of the segment's file, hexadecimal.
        record_bytes: Distance between two records; the first begins at :data:`HEADER_BYTES`.
        vector_offset: Of the float32 (dim,) vector in a record.
        label_offset: Of the int64 content id in a record.
        replaces: Names of segments that this one makes superfluous; they go wherever they are met.
        format: Version of all this.
    """

    name: str
    model_id: str
    dim: int
    space: str
    count: int
    generation: int
    after_change_seq: int
    change_seq: int
    size_bytes: int
    sha256: str
    record_bytes: int
    vector_offset: int
    label_offset: int
    replaces: tuple[str, ...] = ()
    format: int = FORMAT

    def to_bytes(self) -> bytes:
        """Returns the sidecar file."""
        values = dataclasses.asdict(self)
        return _spell(values | {"checksum": hashlib.sha256(_spell(values)).hexdigest()})

    @classmethod
    def from_bytes(cls, data: bytes, name: str) -> Sidecar:
        """Reads a sidecar file.

        Raises:
            IndexDamagedError: It is not exactly what was written for the segment ``name``.
        """
        file = f"{name}{SEGMENT_SUFFIX}"
        try:
            values = json.loads(data)
            checksum = values.pop("checksum")
            is_whole = hashlib.sha256(_spell(values)).hexdigest() == checksum
            is_whole = is_whole and _spell(values | {"checksum": checksum}) == data
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise IndexDamagedError(f"The description of the index file “{file}” is damaged.") from error
        if not is_whole:
            raise IndexDamagedError(f"The description of the index file “{file}” is damaged.")
        if values.get("format") != FORMAT:
            raise IndexDamagedError(f"The index file “{file}” is of another version of Lookalike.")
        if values.keys() != {field.name for field in dataclasses.fields(cls)} or values["name"] != name:
            raise IndexDamagedError(f"The index file “{file}” has the description of another file.")
        try:
            sidecar = cls(**(values | {"replaces": tuple(values["replaces"])}))
            is_possible = sidecar._is_possible()
        except TypeError:
            is_possible = False
        if not is_possible:
            raise IndexDamagedError(f"The index file “{file}” is described in a way that cannot be.")
        return sidecar

    def refuse_unless(self, *, model_id: str, dim: int, space: str) -> None:
        """Compares what the segment was made for with what is wanted.

        Raises:
            IndexDamagedError: It was made for another model, dimension or metric.
        """
        file = f"{self.name}{SEGMENT_SUFFIX}"
        if self.model_id != model_id:
            raise IndexDamagedError(
                f"The index file “{file}” was made with the model {self.model_id}, not {model_id}."
            )
        if self.dim != dim:
            raise IndexDamagedError(
                f"The index file “{file}” holds {self.dim} values per photo instead of {dim}."
            )
        if self.space != space:
            raise IndexDamagedError(
                f"The index file “{file}” was made for another way to compare ({self.space})."
            )

    def _is_possible(self) -> bool:
        """Says whether the numbers fit together, so that reading by them stays inside the file and a record."""
        return (
            self.count >= 0
            and self.dim > 0
            and 0 <= self.after_change_seq <= self.change_seq
            and self.vector_offset >= 0
            and self.label_offset - self.vector_offset == 4 * self.dim
            and self.record_bytes == self.label_offset + 8
            and self.vector_offset % 4 == 0
            and HEADER_BYTES + self.count * self.record_bytes <= self.size_bytes
            and all(NAME.match(each) for each in self.replaces)
        )


def _spell(values: dict[str, object]) -> bytes:
    """Returns the one spelling of ``values``."""
    return (json.dumps(values, indent=1, sort_keys=True) + "\n").encode()
