"""Loads the thumbnails a grid wants, visible ones first; lives on the GUI thread and decodes on pool threads.

A pool thread asks the library for the JPEG, decodes and scales it to a ``QImage``; the GUI thread turns it
into a ``QPixmap``. What was asked for and is no longer near the view is forgotten before it is begun.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QThreadPool, QTimer, Signal, Slot
from PySide6.QtGui import QImage, QPixmap

from lookalike.core.records import Photo

if TYPE_CHECKING:
    from lookalike.library.library import Library

log = logging.getLogger(__name__)

LIMIT_BYTES = 64 * 1024**2
"""About 600 pictures of 160 px: three screens of a large window, and little beside a 400 MB window."""
AT_ONCE = 2
"""Jobs of one loader in the pool: enough to keep the disk busy, few enough that new wishes go first."""
MADE_AT_ONCE = 4
"""Thumbnails the library makes anew at a time, in decoder processes; the others can still be forgotten."""
DELIVERY_MS = 16
"""Pictures that come within one frame are painted together."""
BYTES_PER_PIXEL = 4


@dataclass(frozen=True, slots=True)
class _Wish:
    """One thumbnail to load; ``jpeg`` is there when the library had to make it anew."""

    fingerprint: bytes
    path: bytes
    is_missing: bool
    longest_px: int
    jpeg: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A picture in memory and the size it was made for."""

    pixmap: QPixmap
    longest_px: int
    size_bytes: int


class ThumbnailLoader(QObject):
    """Holds the newest pictures of one grid, the longest unused go first.

    Signals:
        thumbnails_changed(frozenset[bytes]): Fingerprints whose picture came or failed; GUI thread.
    """

    thumbnails_changed = Signal(object)
    _finished = Signal()

    def __init__(
        self,
        library: Library,
        pool: QThreadPool,
        parent: QObject | None = None,
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        super().__init__(parent)
        self._library = library
        self._pool = pool
        self._limit_bytes = limit_bytes
        self._longest_px = 256
        self._pictures: OrderedDict[bytes, _Loaded] = OrderedDict()
        self._size_bytes = 0
        self._failed: set[bytes] = set()
        self._lock = threading.Lock()
        self._waiting: deque[_Wish] = deque()
        self._to_make: deque[_Wish] = deque()
        self._busy: set[bytes] = set()
        self._jobs = 0
        self._making = 0
        self._done: list[tuple[_Wish, QImage | None]] = []
        self._is_closed = False
        self._delivery = QTimer(self)
        self._delivery.setSingleShot(True)
        self._delivery.setInterval(DELIVERY_MS)
        self._delivery.timeout.connect(self._deliver)
        self._finished.connect(self._schedule_delivery, Qt.ConnectionType.QueuedConnection)

    @property
    def size_bytes(self) -> int:
        """Memory that the pictures take."""
        return self._size_bytes

    def set_longest_px(self, longest_px: int) -> None:
        """Sets the longer side in device pixels; pictures of another size serve until the next wish."""
        self._longest_px = longest_px

    def pixmap(self, fingerprint: bytes) -> QPixmap | None:
        """Returns the picture where it is there; it counts as used."""
        loaded = self._pictures.get(fingerprint)
        if loaded is None:
            return None
        self._pictures.move_to_end(fingerprint)
        return loaded.pixmap

    def has_failed(self, fingerprint: bytes) -> bool:
        """Tells whether there is no picture to be had."""
        return fingerprint in self._failed

    def want(self, photos: Sequence[Photo]) -> None:
        """Replaces all wishes, the first of ``photos`` first; what waits and is not named is forgotten."""
        wishes: dict[bytes, _Wish] = {}
        for photo in photos:
            key = photo.fingerprint
            loaded = self._pictures.get(key)
            if key in self._failed or (loaded is not None and loaded.longest_px == self._longest_px):
                continue
            wishes.setdefault(key, _Wish(key, photo.path, photo.is_missing, self._longest_px))
        with self._lock:
            made = {wish.fingerprint: wish for wish in self._waiting if wish.jpeg is not None}
            self._to_make = deque(wish for wish in self._to_make if wish.fingerprint in wishes)
            taken = self._busy | {wish.fingerprint for wish in self._to_make}
            self._waiting = deque(made.get(key, wish) for key, wish in wishes.items() if key not in taken)
        self._start_jobs()

    def retry_failed(self) -> None:
        """Lets failed ones be asked for again: a folder came back."""
        self._failed.clear()

    def close(self) -> None:
        """Forgets all wishes; jobs under way end unheard."""
        with self._lock:
            self._is_closed = True
            self._waiting.clear()
            self._to_make.clear()
            self._done.clear()
        self._delivery.stop()

    def _start_jobs(self) -> None:
        with self._lock:
            count = 0 if self._is_closed else min(AT_ONCE - self._jobs, len(self._waiting))
            self._jobs += max(0, count)
        for _ in range(count):
            self._pool.start(self._work)

    def _work(self) -> None:
        """Serves one wish and passes on to the next; runs on a pool thread and never raises."""
        with self._lock:
            wish = self._waiting.popleft() if self._waiting and not self._is_closed else None
            if wish is not None:
                self._busy.add(wish.fingerprint)
        if wish is not None:
            try:
                self._serve(wish)
            except Exception:
                log.exception("A thumbnail could not be loaded")
                self._finish(wish, None)
        with self._lock:
            self._jobs -= 1
        self._start_jobs()

    def _serve(self, wish: _Wish) -> None:
        jpeg = wish.jpeg if wish.jpeg is not None else self._library.thumbnail(wish.fingerprint)
        if jpeg is not None:
            self._finish(wish, _decode(jpeg, wish.longest_px))
        elif wish.is_missing:
            self._finish(wish, None)
        else:
            with self._lock:
                self._busy.discard(wish.fingerprint)
                self._to_make.append(wish)
            self._start_making()

    def _start_making(self) -> None:
        """Asks the library for thumbnails that are gone, a few at a time; runs on any thread."""
        while True:
            with self._lock:
                if self._is_closed or not self._to_make or self._making >= MADE_AT_ONCE:
                    return
                wish = self._to_make.popleft()
                self._busy.add(wish.fingerprint)
                self._making += 1
            future = self._library.photo_bytes_thumbnail(wish.path)
            future.add_done_callback(partial(self._take_made, wish))

    def _take_made(self, wish: _Wish, made: Future[bytes]) -> None:
        """Puts a thumbnail the library made anew back in line; runs on a library thread."""
        with self._lock:
            self._making -= 1
            self._busy.discard(wish.fingerprint)
        try:
            ready = replace(wish, jpeg=made.result(timeout=0))
        except CancelledError:
            log.debug("A thumbnail was not made: the library closes")
        except Exception as error:
            log.debug("A thumbnail cannot be made", exc_info=error)
            self._finish(wish, None)
        else:
            with self._lock:
                if not self._is_closed:
                    self._waiting.appendleft(ready)
            self._start_jobs()
        self._start_making()

    def _finish(self, wish: _Wish, image: QImage | None) -> None:
        """Hands a picture to the GUI thread; runs on any thread."""
        with self._lock:
            self._busy.discard(wish.fingerprint)
            if self._is_closed:
                return
            self._done.append((wish, image))
            if len(self._done) == 1:
                self._finished.emit()

    @Slot()
    def _schedule_delivery(self) -> None:
        if not self._delivery.isActive() and not self._is_closed:
            self._delivery.start()

    @Slot()
    def _deliver(self) -> None:
        with self._lock:
            done, self._done = self._done, []
        for wish, image in done:
            if image is None or image.isNull():
                self._failed.add(wish.fingerprint)
            else:
                self._keep(wish, QPixmap.fromImage(image))
        self._shed()
        if done:
            self.thumbnails_changed.emit(frozenset(wish.fingerprint for wish, _ in done))

    def _keep(self, wish: _Wish, pixmap: QPixmap) -> None:
        before = self._pictures.pop(wish.fingerprint, None)
        if before is not None:
            self._size_bytes -= before.size_bytes
        size_bytes = pixmap.width() * pixmap.height() * BYTES_PER_PIXEL
        self._pictures[wish.fingerprint] = _Loaded(pixmap, wish.longest_px, size_bytes)
        self._size_bytes += size_bytes

    def _shed(self) -> None:
        while self._size_bytes > self._limit_bytes and len(self._pictures) > 1:
            _, loaded = self._pictures.popitem(last=False)
            self._size_bytes -= loaded.size_bytes


def _decode(jpeg: bytes, longest_px: int) -> QImage:
    """Returns the picture at the size it is painted in, never enlarged; null where it is damaged."""
    image = QImage.fromData(jpeg)
    if image.isNull():
        return image
    if max(image.width(), image.height()) > longest_px:
        image = image.scaled(
            longest_px,
            longest_px,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
    return image.convertToFormat(QImage.Format.Format_RGB32)
