"""Whatever happens to files, the catalog equals a plain dictionary that the same happened to."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookalike.catalog.catalog import Catalog
from lookalike.core.listing import ListingQuery, SortBy
from tests.catalog.making import MODEL, fingerprint, stat, store

FOLDERS = [b"/p", b"/p/in", b"/q"]
PATHS = [b"/p/a", b"/p/in/a", b"/p/in/b", b"/q/a", b"/q/\xff"]

Action = tuple[str, int, int]
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["store", "skip", "miss", "return", "move", "forget", "watch", "tidy"]),
        st.integers(0, len(PATHS) - 1),
        st.integers(0, 3),
    ),
    max_size=30,
)


class Model:
    """What the catalog should hold: content numbers by path, and which paths are missing or skipped."""

    def __init__(self) -> None:
        self.folders: set[bytes] = set()
        self.photos: dict[bytes, int] = {}
        self.missing: set[bytes] = set()
        self.skipped: set[bytes] = set()
        self.kept: set[int] = set()

    def is_watched(self, path: bytes) -> bool:
        return any(path.startswith(folder + b"/") for folder in self.folders)

    def drop(self, path: bytes) -> None:
        self.photos.pop(path, None)
        self.missing.discard(path)
        self.skipped.discard(path)


def _act(catalog: Catalog, model: Model, action: Action) -> None:
    kind, which, number = action
    path, folder = PATHS[which], FOLDERS[which % len(FOLDERS)]
    rows = {row.path: row.folder_id for row in catalog.folders()}
    photo = catalog.photo_at(path)
    if kind == "watch":
        catalog.add_folder(folder, "v")
        model.folders.add(folder)
    elif kind == "forget" and folder in rows:
        catalog.forget_folder(rows[folder])
        model.folders.discard(folder)
        for each in PATHS:
            if not model.is_watched(each):
                model.drop(each)
        model.kept = set(model.photos.values())
    elif kind == "tidy":
        catalog.forget_unused()
        model.kept = set(model.photos.values())
    elif model.is_watched(path):
        near = next(iter(rows.values()))
        if kind == "store":
            store(catalog, near, path, number)
            model.drop(path)
            model.photos[path] = number
            model.kept.add(number)
        elif kind == "skip":
            catalog.store_skipped(near, path, None, "It is damaged.", can_retry=True)
            model.drop(path)
            model.skipped.add(path)
        elif kind == "miss" and photo is not None:
            catalog.mark_missing([photo.file_id], 1.0)
            model.missing.add(path)
        elif kind == "return" and photo is not None:
            catalog.mark_present(photo.file_id, stat(number))
            model.missing.discard(path)
        elif kind == "move" and photo is not None:
            target = PATHS[(which + 1 + number) % len(PATHS)]
            if model.is_watched(target) and target != path:
                catalog.move_file(photo.file_id, near, target, stat(number))
                content = model.photos[path]
                model.drop(path)
                model.drop(target)
                model.photos[target] = content


def _outermost(model: Model, path: bytes) -> bytes:
    return min((folder for folder in model.folders if path.startswith(folder + b"/")), key=len)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ACTIONS)
def test_the_catalog_equals_what_happened(actions: list[Action]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "catalog.sqlite3")
        with closing(Catalog.open(file, Path(folder), writable=True)) as catalog:
            catalog._run("PRAGMA synchronous = OFF")
            model, last = Model(), 0
            for each in FOLDERS[:2]:
                _act(catalog, model, ("watch", FOLDERS.index(each), 0))
            for action in actions:
                _act(catalog, model, action)
                assert catalog.change_seq() >= last
                last = catalog.change_seq()
            shown = {path: number for path, number in model.photos.items() if path not in model.missing}
            listing = catalog.listing(ListingQuery(sort=SortBy.NAME))
            photos = catalog.photos([int(file_id) for file_id in listing.file_ids])
            rows = {row.folder_id: row.path for row in catalog.folders()}
            assert {photo.path: photo.fingerprint for photo in photos} == {
                path: fingerprint(number) for path, number in shown.items()
            }
            assert {photo.path: rows[photo.folder_id] for photo in photos} == {
                path: _outermost(model, path) for path in shown
            }
            assert {skipped.path for skipped in catalog.skipped()} == model.skipped
            known = {path for row in rows for path in catalog.known_files(row)}
            assert known == set(model.photos) | model.skipped
            counts = catalog.counts()
            assert (counts.photos, counts.missing, counts.contents) == (
                len(shown),
                len(model.missing),
                len(model.kept),
            )
            embedded = {catalog.content_with(fingerprint(number)) for number in model.kept}
            assert set(catalog.live_contents(MODEL).tolist()) == embedded
            assert not embedded & set(catalog.removed_since(0).tolist())
            catalog.forget_unused()
            assert catalog.check() == []
