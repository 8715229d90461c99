"""The tables of the catalog and the numbered steps that lead to them; runs on the writer's thread.

``user_version`` counts the steps a file has seen. A step is never changed once released: a new one is added at the
end of ``STEPS`` and brings files of every earlier version along.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

Step = Callable[[sqlite3.Connection], None]

APPLICATION_ID = 0x4C6B416C
"""``LkAl`` in the file's header, so that a database of another program is not taken for ours."""

_FILES = (
    # One value per key. change_seq: the last number given to an embedding stored or removed; it only grows.
    # must_tidy: there while something forgotten may still be found among the file's bytes.
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID",
    "INSERT INTO meta (key, value) VALUES ('change_seq', 0)",
    """CREATE TABLE volume (
        volume_id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        label TEXT NOT NULL DEFAULT ''
    ) STRICT""",
    """CREATE TABLE folder (
        folder_id INTEGER PRIMARY KEY AUTOINCREMENT,
        path BLOB NOT NULL UNIQUE,
        volume_id INTEGER NOT NULL REFERENCES volume (volume_id),
        added_ms INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX folder_of_volume ON folder (volume_id)",
    # A folder of the file system that holds files: its sort key and folded path once instead of in each row.
    """CREATE TABLE place (
        place_id INTEGER PRIMARY KEY,
        path BLOB NOT NULL UNIQUE,
        sort_key BLOB NOT NULL,
        folded BLOB NOT NULL
    ) STRICT""",
    # AUTOINCREMENT: an id is a label in the index and must never come to mean another content.
    """CREATE TABLE content (
        content_id INTEGER PRIMARY KEY AUTOINCREMENT,
        fingerprint BLOB NOT NULL UNIQUE CHECK (length(fingerprint) = 32),
        pixel_fingerprint BLOB,
        size_bytes INTEGER NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        format TEXT NOT NULL,
        taken_at TEXT,
        camera TEXT,
        latitude REAL,
        longitude REAL,
        orientation INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('ok', 'damaged', 'quarantined'))
    ) STRICT""",
    "CREATE INDEX content_by_pixels ON content (pixel_fingerprint) WHERE pixel_fingerprint IS NOT NULL",
    "CREATE INDEX content_by_size ON content (size_bytes)",
    # A row is a photo (content_id) or a skipped file (skip_reason), never both. mtime_ns, inode and device are
    # text where 64 bits are not enough. taken_ms: capture time, else mtime, by the clock on the wall.
    """CREATE TABLE file (
        file_id INTEGER PRIMARY KEY AUTOINCREMENT,
        path BLOB NOT NULL UNIQUE,
        folder_id INTEGER NOT NULL REFERENCES folder (folder_id),
        place_id INTEGER NOT NULL REFERENCES place (place_id),
        content_id INTEGER REFERENCES content (content_id),
        size_bytes INTEGER,
        mtime_ns ANY,
        inode ANY,
        device ANY,
        taken_ms INTEGER,
        sort_key BLOB NOT NULL,
        folded BLOB NOT NULL,
        added_ms INTEGER NOT NULL,
        missing_since REAL,
        skip_reason TEXT,
        can_retry INTEGER NOT NULL DEFAULT 1,
        CHECK ((content_id IS NULL) <> (skip_reason IS NULL)),
        CHECK (content_id IS NULL OR (size_bytes IS NOT NULL AND mtime_ns IS NOT NULL AND taken_ms IS NOT NULL))
    ) STRICT""",
    "CREATE INDEX file_of_folder ON file (folder_id)",
    "CREATE INDEX file_in_place ON file (place_id)",
    "CREATE INDEX file_of_content ON file (content_id)",
    # All that a listing needs, in the order of names: no listing reads the table or sorts text. The last two
    # columns are there because SQLite before 3.42 reads the table for the index's own condition otherwise.
    """CREATE INDEX file_shown
        ON file (sort_key, folded, taken_ms, place_id, size_bytes, added_ms, content_id, missing_since)
        WHERE content_id IS NOT NULL AND missing_since IS NULL""",
    "CREATE INDEX file_skipped ON file (can_retry, path) WHERE skip_reason IS NOT NULL",
    "CREATE INDEX file_missing ON file (missing_since) WHERE missing_since IS NOT NULL",
)

_EMBEDDINGS = (
    """CREATE TABLE model (
        model_row INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        dim INTEGER NOT NULL CHECK (dim > 0)
    ) STRICT""",
    # The row number is the change_seq: what the index has not seen yet lies at the end of the table, in order.
    # vector: float32, little-endian, of unit length.
    """CREATE TABLE embedding (
        change_seq INTEGER PRIMARY KEY,
        content_id INTEGER NOT NULL REFERENCES content (content_id),
        model_row INTEGER NOT NULL REFERENCES model (model_row),
        vector BLOB NOT NULL,
        UNIQUE (content_id, model_row)
    ) STRICT""",
    "CREATE INDEX embedding_of_model ON embedding (model_row, content_id)",
    # Contents that had an embedding and left the catalog.
    """CREATE TABLE removed (
        change_seq INTEGER PRIMARY KEY,
        content_id INTEGER NOT NULL
    ) STRICT""",
)

_CLEANUP = (
    # What the user decided about two contents. By fingerprint and without paths: a decision outlives rename, move
    # and forgetting, and says nothing about what it was made for. The pixel fingerprints carry it over an edit of
    # the metadata. 'not-duplicates' has no direction and keeps the smaller fingerprint first; in 'keeper' and
    # 'resolved' the first one is the keeper. A resolved group is its pairs: a new member makes a pair that is
    # not there.
    """CREATE TABLE decision (
        decision_id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL CHECK (kind IN ('not-duplicates', 'keeper', 'resolved')),
        first_fingerprint BLOB NOT NULL CHECK (length(first_fingerprint) = 32),
        second_fingerprint BLOB NOT NULL CHECK (length(second_fingerprint) = 32),
        first_pixels BLOB,
        second_pixels BLOB,
        decided_at REAL NOT NULL,
        UNIQUE (kind, first_fingerprint, second_fingerprint),
        CHECK (first_fingerprint <> second_fingerprint),
        CHECK (kind <> 'not-duplicates' OR first_fingerprint < second_fingerprint)
    ) STRICT""",
    "CREATE INDEX decision_by_first ON decision (first_fingerprint)",
    "CREATE INDEX decision_by_second ON decision (second_fingerprint)",
    "CREATE INDEX decision_by_pixels ON decision (first_pixels, second_pixels)",
    # What comparing two contents found: a cache, so it goes with either content. method: version of the
    # comparison, an older one is compared again. evidence: JSON.
    """CREATE TABLE verdict (
        first_content INTEGER NOT NULL REFERENCES content (content_id) ON DELETE CASCADE,
        second_content INTEGER NOT NULL REFERENCES content (content_id) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        score REAL NOT NULL,
        evidence TEXT NOT NULL,
        method INTEGER NOT NULL,
        verified_at REAL NOT NULL,
        PRIMARY KEY (first_content, second_content),
        CHECK (first_content < second_content)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX verdict_by_second ON verdict (second_content)",
    """CREATE TABLE journal_session (
        session_id INTEGER PRIMARY KEY AUTOINCREMENT,
        started_at REAL NOT NULL,
        title TEXT NOT NULL DEFAULT ''
    ) STRICT""",
    # One move of one file. Committed as 'intended' before the move and completed after it, so a row that stays
    # 'intended' is a move to look into at the next start. Without references to file or content: it outlives both.
    # The paths can be emptied when the user forgets a folder; fingerprints stay. undoes: the row that is undone.
    """CREATE TABLE journal (
        journal_id INTEGER PRIMARY KEY AUTOINCREMENT,
        session_id INTEGER NOT NULL REFERENCES journal_session (session_id),
        action TEXT NOT NULL CHECK (action IN ('trash', 'move', 'restore')),
        state TEXT NOT NULL CHECK (state IN ('intended', 'done', 'failed', 'undone')),
        path BLOB,
        fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
        size_bytes INTEGER NOT NULL,
        mtime_ns ANY NOT NULL,
        inode ANY NOT NULL,
        device ANY NOT NULL,
        keeper_path BLOB,
        keeper_fingerprint BLOB,
        verdict TEXT,
        why TEXT NOT NULL DEFAULT '',
        moved_to BLOB,
        problem TEXT,
        undoes INTEGER REFERENCES journal (journal_id),
        intended_at REAL NOT NULL,
        finished_at REAL
    ) STRICT""",
    "CREATE INDEX journal_of_session ON journal (session_id)",
    "CREATE INDEX journal_by_state ON journal (state)",
    "CREATE INDEX journal_undone_by ON journal (undoes) WHERE undoes IS NOT NULL",
)


def _first(db: sqlite3.Connection) -> None:
    """Version 1: files, contents, embeddings, and what cleaning up needs."""
    for statement in (*_FILES, *_EMBEDDINGS, *_CLEANUP):
        db.execute(statement)


STEPS: tuple[Step, ...] = (_first,)

TABLES = frozenset(
    {
        "meta", "volume", "folder", "place", "content", "file", "model", "embedding", "removed",
        "decision", "verdict", "journal_session", "journal",
    }
)  # fmt: skip
"""A file of this version that lacks one of these is damaged."""
