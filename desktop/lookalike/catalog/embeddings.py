"""Embeddings, which the index mirrors, and the change_seq it follows them by; confined to the connection's thread.

Each embedding stored and each one removed gets a number that was never used before and is larger than all others,
also after a restart. The index remembers up to which number it has seen everything.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lookalike.catalog.contents import Contents
from lookalike.catalog.records import EmbeddingBatch

STORED = np.dtype("<f4")
UNIT_TOLERANCE = 1e-3
"""float32 rows of 2,048 values are of unit length within 1e-6; a wrong vector is off by far more."""


class Embeddings(Contents):
    """Storing and following embeddings."""

    def store_embedding(self, content_id: int, model_id: str, vector: NDArray[np.float32]) -> int:
        """Stores a content's embedding, in place of one by the same model.

        Args:
            content_id: Its content.
            model_id: The model's name; int8 and float are different models.
            vector: float32 (dim,), of unit length.

        Returns:
            Its change_seq.

        Raises:
            ValueError: The vector is not finite, not of unit length, or has another length than the model's others.
        """
        if vector.ndim != 1 or not abs(float(vector @ vector) - 1) <= 2 * UNIT_TOLERANCE:
            raise ValueError("an embedding is one vector of unit length")
        with self.transaction():
            model_row, dim = self._model(model_id) or (None, vector.size)
            if dim != vector.size:
                raise ValueError(f"embeddings of {model_id} have {dim} values, not {vector.size}")
            if model_row is None:
                model_row = int(
                    self._value(
                        "INSERT INTO model (name, dim) VALUES (?, ?) RETURNING model_row",
                        (model_id, vector.size),
                    )
                )
            change_seq = self._next_change_seq()
            self._run(
                "INSERT OR REPLACE INTO embedding (change_seq, content_id, model_row, vector) VALUES (?, ?, ?, ?)",
                (change_seq, content_id, model_row, vector.astype(STORED).tobytes()),
            )
        return change_seq

    def embedding(self, content_id: int, model_id: str) -> NDArray[np.float32] | None:
        """Returns one embedding, float32 (dim,); None where there is none."""
        row = self._row(
            "SELECT vector FROM embedding JOIN model USING (model_row) WHERE content_id = ? AND name = ?",
            (content_id, model_id),
        )
        return None if row is None else np.frombuffer(row[0], STORED).astype(np.float32)

    def has_embedding(self, content_id: int, model_id: str) -> bool:
        """Says whether the content is embedded with this model."""
        row = self._row(
            "SELECT 1 FROM embedding JOIN model USING (model_row) WHERE content_id = ? AND name = ?",
            (content_id, model_id),
        )
        return row is not None

    def embeddings_since(self, model_id: str, change_seq: int, batch: int = 4096) -> Iterator[EmbeddingBatch]:
        """Yields a model's embeddings with a number above ``change_seq``, in order, in batches.

        Each batch is read for itself, so a long reading holds nothing up; what is stored meanwhile comes at the
        end. Rows whose bytes are not as many as the model's are left out here and named by ``check``.
        """
        model = self._model(model_id)
        if model is None:
            return
        model_row, dim = model
        while True:
            rows = self._rows(
                "SELECT change_seq, content_id, vector FROM embedding NOT INDEXED"
                " WHERE change_seq > ? AND model_row = ? AND length(vector) = ? ORDER BY change_seq LIMIT ?",
                (change_seq, model_row, dim * STORED.itemsize, batch),
            )
            if not rows:
                return
            change_seq = int(rows[-1][0])
            vectors = np.frombuffer(bytearray().join([row[2] for row in rows]), STORED).reshape(
                len(rows), dim
            )
            yield EmbeddingBatch(
                np.array([row[1] for row in rows], np.int64),
                vectors.astype(np.float32, copy=False),
                change_seq,
            )

    def removed_since(self, change_seq: int) -> NDArray[np.int64]:
        """Returns the contents that left with a number above ``change_seq``, int64 (N,), in order."""
        (content_ids,) = self._columns(
            "SELECT content_id FROM removed WHERE change_seq > ? ORDER BY change_seq", (change_seq,), 1
        )
        return content_ids

    def contents_without_embedding(self, model_id: str, limit: int) -> list[int]:
        """Returns contents that a model has not embedded and that some file not missing still has, oldest first.

        Quarantined ones are left out: they wait for the user.
        """
        model_row, _ = self._model(model_id) or (-1, 0)
        rows = self._rows(
            "SELECT content_id FROM content AS c WHERE state <> 'quarantined'"
            " AND NOT EXISTS (SELECT 1 FROM embedding AS e WHERE e.content_id = c.content_id AND e.model_row = ?)"
            " AND EXISTS (SELECT 1 FROM file AS f WHERE f.content_id = c.content_id AND missing_since IS NULL)"
            " ORDER BY content_id LIMIT ?",
            (model_row, limit),
        )
        return [int(content_id) for (content_id,) in rows]

    def live_contents(self, model_id: str) -> NDArray[np.int64]:
        """Returns the contents that a model has embedded, int64 (N,), ascending."""
        model_row, _ = self._model(model_id) or (-1, 0)
        (content_ids,) = self._columns(
            "SELECT content_id FROM embedding WHERE model_row = ? ORDER BY content_id", (model_row,), 1
        )
        return content_ids

    def change_seq(self) -> int:
        """Returns the last number given out."""
        return int(self._value("SELECT value FROM meta WHERE key = 'change_seq'"))

    def _model(self, model_id: str) -> tuple[int, int] | None:
        """Returns a model's row and the length of its embeddings."""
        row = self._row("SELECT model_row, dim FROM model WHERE name = ?", (model_id,))
        return None if row is None else (int(row[0]), int(row[1]))
