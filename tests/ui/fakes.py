"""A small library in memory with the signatures of the real one; pictures are painted by arithmetic."""

from __future__ import annotations

import datetime
import functools
import io
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike.config.paths import Profile
from lookalike.config.settings import Settings
from lookalike.core.errors import InputError, PhotoUnreadableError
from lookalike.core.listing import Listing, ListingQuery, SortBy
from lookalike.core.records import (
    ContentState,
    Facts,
    FileStat,
    FolderState,
    LookAlike,
    Photo,
    Progress,
    Skipped,
    WatchedFolder,
)
from lookalike.library.events import EventBus, FoldersChanged, IndexingChanged, PhotosChanged

T = TypeVar("T")

SHAPES = ((4000, 3000), (3000, 4000), (6000, 4000), (3840, 2160), (2048, 2048))
SUBJECTS = ("castle", "harbour", "garden", "mountain", "market", "bridge")
PICTURES = 60
"""Different pictures there are: a multiple of shapes and subjects."""
LAST_DAY = datetime.date(2024, 8, 17)


@dataclass(frozen=True)
class FakeStatus:
    model_id: str = "resnet-fake-1"
    photos: int = 0
    embeddings: int = 0
    segments: int = 1
    tail: int = 0
    folders: tuple[WatchedFolder, ...] = ()
    cache_bytes: int = 12_345_678


@dataclass(frozen=True)
class FakeReport:
    done: int
    problems: tuple[str, ...] = ()


class FakeLibrary:
    """Photos 1 to ``count``, newest first, several on a day; nothing is on a disk."""

    def __init__(self, count: int = 0, folders: int = 1, profile: Path | None = None) -> None:
        self.events = EventBus()
        self.profile = Profile.at(profile or Path("/nowhere"))
        self.calls: list[tuple[object, ...]] = []
        self.without_thumbnail: set[bytes] = set()
        self.unreadable: set[bytes] = set()
        self.similar_error: Exception | None = None
        self.listing_error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.is_closed = False
        self._settings = Settings()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="fake-library")
        self._lock = threading.Lock()
        self._count = count
        self._photos: dict[int, Photo] = {}
        names = [b"Pictures", b"Camera", b"Scans \xff 1998"]
        self._folders = tuple(
            WatchedFolder(number + 1, b"/home/ada/" + names[number], FolderState.ONLINE, count // folders)
            for number in range(folders if count else 0)
        )
        self._skipped: list[Skipped] = []
        self._indexing = IndexingChanged(Progress(count, count), False, False, 0, count)

    # --- what the window calls ---

    def settings(self) -> Settings:
        return self._settings

    def change_settings(self, settings: Settings) -> None:
        self.calls.append(("change_settings", settings))
        self._settings = settings

    def folders(self) -> tuple[WatchedFolder, ...]:
        return self._folders

    def indexing(self) -> IndexingChanged:
        return self._indexing

    def add_folder(self, path: bytes) -> Future[WatchedFolder]:
        self.calls.append(("add_folder", path))
        return self._submit(self._add_folder, path)

    def remove_folder(self, folder_id: int) -> Future[int]:
        self.calls.append(("remove_folder", folder_id))
        return self._submit(self._remove_folder, folder_id)

    def rescan(self, folder_id: int | None = None) -> None:
        self.calls.append(("rescan", folder_id))

    def pause(self) -> None:
        self.calls.append(("pause",))
        self.set_indexing(replace(self._indexing, is_paused=True))

    def resume(self) -> None:
        self.calls.append(("resume",))
        self.set_indexing(replace(self._indexing, is_paused=False))

    def listing(self, query: ListingQuery) -> Future[Listing]:
        self.calls.append(("listing", query))
        return self._submit(self._listing, query)

    def photos(self, file_ids: Sequence[int]) -> Future[list[Photo]]:
        self.calls.append(("photos", tuple(file_ids)))
        return self._submit(self._photos_of, tuple(file_ids))

    def skipped(self) -> Future[list[Skipped]]:
        return self._submit(lambda: list(self._skipped))

    def retry_skipped(self) -> Future[int]:
        self.calls.append(("retry_skipped",))
        return self._submit(lambda: len(self._skipped))

    def find_similar(
        self, query: int | bytes, limit: int = 200, threshold: float = 0.0
    ) -> Future[list[LookAlike]]:
        self.calls.append(("find_similar", query, limit, threshold))
        return self._submit(self._find_similar, query, limit, threshold)

    def thumbnail(self, fingerprint: bytes) -> bytes | None:
        assert threading.current_thread() is not threading.main_thread(), "reads the disk on the GUI thread"
        self.gate.wait()
        with self._lock:
            self.calls.append(("thumbnail", fingerprint))
        if fingerprint in self.without_thumbnail:
            return None
        return paint_thumbnail(int.from_bytes(fingerprint[:8], "big") % PICTURES)

    def photo_bytes_thumbnail(self, path: bytes) -> Future[bytes]:
        self.calls.append(("photo_bytes_thumbnail", path))
        return self._submit(self._make_thumbnail, path)

    def large(self, path: bytes, longest_px: int) -> Future[NDArray[np.uint8]]:
        return self._submit(lambda: np.full((60, 80, 3), 128, np.uint8))

    def model_ids(self) -> Future[tuple[str, ...]]:
        return self._submit(lambda: ("resnet18-look-1", "resnet50-own"))

    def status(self) -> Future[FakeStatus]:
        return self._submit(lambda: FakeStatus(photos=self._count, folders=self._folders))

    def clear_thumbnails(self) -> Future[int]:
        return self._submit(lambda: 0)

    def copy_photos(self, file_ids: Sequence[int], destination: bytes) -> Future[FakeReport]:
        self.calls.append(("copy_photos", tuple(file_ids), destination))
        return self._submit(lambda: FakeReport(len(file_ids)))

    def move_photos(self, file_ids: Sequence[int], destination: bytes) -> Future[FakeReport]:
        self.calls.append(("move_photos", tuple(file_ids), destination))
        return self._submit(lambda: FakeReport(len(file_ids)))

    def close(self) -> None:
        self.gate.set()
        self._executor.shutdown(wait=True, cancel_futures=True)
        self.is_closed = True

    # --- what a test does to it ---

    def called(self, name: str) -> list[tuple[object, ...]]:
        """Returns the arguments of every call of that name."""
        with self._lock:
            return [call[1:] for call in self.calls if call[0] == name]

    def set_indexing(self, indexing: IndexingChanged) -> None:
        self._indexing = indexing
        self.events.send(indexing)

    def set_folders(self, folders: tuple[WatchedFolder, ...]) -> None:
        self._folders = folders
        self.events.send(FoldersChanged(folders))

    def set_skipped(self, skipped: list[Skipped]) -> None:
        self._skipped = skipped

    def set_count(self, count: int) -> None:
        added = count - self._count
        self._count = count
        self._photos.clear()
        self.events.send(PhotosChanged(added=max(0, added), removed=max(0, -added)))

    def change_photo(self, file_id: int, **changes: object) -> None:
        self._photos[file_id] = replace(self.photo(file_id), **changes)  # type: ignore[arg-type]

    def photo(self, file_id: int) -> Photo:
        if file_id not in self._photos:
            self._photos[file_id] = self._make_photo(file_id)
        return self._photos[file_id]

    # --- inside ---

    def _submit(self, work: Callable[..., T], *arguments: object) -> Future[T]:
        def run() -> T:
            self.gate.wait()
            return work(*arguments)

        return self._executor.submit(run)

    def _add_folder(self, path: bytes) -> WatchedFolder:
        if b"missing" in path:
            raise InputError(f"There is no folder “{os.fsdecode(path)}”.")
        folder = WatchedFolder(len(self._folders) + 1, path, FolderState.SCANNING, 0)
        self.set_folders((*self._folders, folder))
        return folder

    def _remove_folder(self, folder_id: int) -> int:
        gone = [each for each in self._folders if each.folder_id == folder_id]
        self.set_folders(tuple(each for each in self._folders if each.folder_id != folder_id))
        return sum(each.photos for each in gone)

    def _day(self, number: int) -> int:
        # Groups of 1 to 23 photos on a day.
        return LAST_DAY.toordinal() - (number * 37 % 11 + number * 10) // 110

    def _make_photo(self, file_id: int) -> Photo:
        width, height = SHAPES[file_id % len(SHAPES)]
        name = b"%s %04d.jpg" % (SUBJECTS[file_id % len(SUBJECTS)].encode(), file_id)
        if file_id % 50 == 7:
            name = b"caf\xe9 \xff %d.jpg" % file_id
        folder = self._folders[file_id % len(self._folders)] if self._folders else None
        root = folder.path if folder else b"/home/ada/Pictures"
        date = datetime.date.fromordinal(self._day(file_id))
        facts = Facts(
            size_bytes=1_000_000 + file_id * 7919 % 4_000_000,
            width=width,
            height=height,
            format="JPEG",
            taken_at=f"{date.isoformat()}T12:{file_id % 60:02d}:00",
            camera="Canon EOS 80D" if file_id % 3 else None,
        )
        stat = FileStat(facts.size_bytes, 1_700_000_000_000_000_000, file_id, 1)
        fingerprint = file_id.to_bytes(8, "big") + bytes(24)
        return Photo(
            file_id,
            file_id,
            folder.folder_id if folder else 1,
            root + b"/%d/" % date.year + name,
            stat,
            facts,
            ContentState.OK,
            False,
            fingerprint,
        )

    def _listing(self, query: ListingQuery) -> Listing:
        if self.listing_error is not None:
            raise self.listing_error
        ids = np.arange(1, self._count + 1, dtype=np.int64)
        if query.folder_id is not None and len(self._folders):
            here = [self._folders[int(each) % len(self._folders)].folder_id for each in ids]
            ids = ids[np.array(here) == query.folder_id]
        wanted = query.text.strip().lower().encode()
        if wanted:
            ids = np.array([each for each in ids if wanted in self.photo(int(each)).path.lower()], np.int64)
        if query.sort is SortBy.SIZE:
            sizes = [self.photo(int(each)).facts.size_bytes for each in ids]
            ids = ids[np.argsort(sizes, kind="stable")]
            if query.is_descending:
                ids = ids[::-1].copy()
        elif not query.is_descending:
            ids = ids[::-1].copy()
        days = LAST_DAY.toordinal() - (ids * 37 % 11 + ids * 10) // 110
        return Listing(ids, days.astype(np.int32))

    def _photos_of(self, file_ids: tuple[int, ...]) -> list[Photo]:
        return [self.photo(each) for each in file_ids if 1 <= each <= self._count]

    def _find_similar(self, query: int | bytes, limit: int, threshold: float) -> list[LookAlike]:
        if self.similar_error is not None:
            raise self.similar_error
        number = query if isinstance(query, int) else len(query)
        subject = number % len(SUBJECTS)
        others = [each for each in range(1, self._count + 1) if each != number]
        others.sort(key=lambda each: (each % len(SUBJECTS) != subject, abs(each - number)))
        answer = [
            LookAlike(self.photo(each), max(0.0, 0.995 - 0.02 * rank))
            for rank, each in enumerate(others[:limit])
        ]
        return [each for each in answer if each.score >= threshold]

    def _make_thumbnail(self, path: bytes) -> bytes:
        if path in self.unreadable:
            raise PhotoUnreadableError("The file ends before the picture does.")
        return paint_thumbnail(len(path) % PICTURES)


@functools.cache
def paint_thumbnail(number: int) -> bytes:
    """Paints sky, sun and hills; the subject sets the colours, the number the rest."""
    width, height = SHAPES[number % len(SHAPES)]
    scale = 256 / max(width, height)
    width, height = round(width * scale), round(height * scale)
    rng = np.random.default_rng(number)
    subject = number % len(SUBJECTS)
    sky = np.array([(110, 160, 220), (240, 180, 120), (150, 200, 210), (90, 110, 170), (230, 200, 170),
                    (130, 140, 160)][subject], float)  # fmt: skip
    land = np.array([(70, 90, 60), (40, 80, 110), (60, 130, 60), (100, 100, 110), (150, 90, 60),
                     (80, 80, 90)][subject], float)  # fmt: skip
    y, x = np.mgrid[0:height, 0:width].astype(float)
    picture = sky[None, None] + (y / height)[..., None] * (255 - sky) * 0.8
    sun = np.hypot(x - width * rng.uniform(0.15, 0.85), y - height * rng.uniform(0.1, 0.4))
    picture[sun < min(width, height) * 0.09] = (255, 245, 205)
    for depth in range(3):
        base = height * (0.5 + 0.15 * depth)
        ridge = base + np.sin(x / width * rng.uniform(4, 12) + rng.uniform(0, 6)) * height * 0.07
        shade = land * (1.35 - 0.35 * depth)
        picture = np.where((y > ridge)[..., None], np.clip(shade, 0, 255)[None, None], picture)
    picture = np.clip(picture + rng.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=80)
    return out.getvalue()
