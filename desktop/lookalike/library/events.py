"""What the library tells its listeners, and the bus that carries it; sent from whichever library thread knows."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from lookalike.core.records import Progress, WatchedFolder

log = logging.getLogger(__name__)


class NoticeKind(Enum):
    """What a notice is about, so that a newer one of the same kind replaces it in the window."""

    WATCH_LIMIT = "watch-limit"
    DISK_FULL = "disk-full"
    INDEX_REBUILT = "index-rebuilt"
    MODEL = "model"
    MANY_MISSING = "many-missing"
    CATALOG = "catalog"


@dataclass(frozen=True, slots=True)
class FoldersChanged:
    """A folder was added, removed, scanned, or went online or offline."""

    folders: tuple[WatchedFolder, ...]


@dataclass(frozen=True, slots=True)
class PhotosChanged:
    """Rows were committed: listings and open answers are worth asking for again.

    Attributes:
        added: Photos that came.
        removed: Photos that went (missing or forgotten).
        moved: Photos that changed their path.
    """

    added: int = 0
    removed: int = 0
    moved: int = 0


@dataclass(frozen=True, slots=True)
class IndexingChanged:
    """Where indexing stands.

    Attributes:
        progress: Files done and known in this run; done == total when idle.
        is_paused: The user paused it.
        is_scanning: Folders are being compared with the catalog.
        skipped: Files left out with a reason, in all.
        photos: Photos in the library, in all.
    """

    progress: Progress
    is_paused: bool
    is_scanning: bool
    skipped: int
    photos: int


@dataclass(frozen=True, slots=True)
class NoticeRaised:
    """Something the user should know, as one sentence with what to do; an empty text takes the notice back."""

    kind: NoticeKind
    text: str


@dataclass(frozen=True, slots=True)
class WorkFailed:
    """A thread met an error of our own making: one sentence, and details to copy into a report."""

    text: str
    details: str


Event = FoldersChanged | PhotosChanged | IndexingChanged | NoticeRaised | WorkFailed
Listener = Callable[[Event], None]


class EventBus:
    """Hands each event to every listener, on the sender's thread; a listener that raises is logged, not felt."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: tuple[Listener, ...] = ()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Adds a listener; the returned function takes it away."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = tuple(each for each in self._listeners if each is not listener)

        return unsubscribe

    def send(self, event: Event) -> None:
        """Tells all listeners."""
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                log.exception("A listener failed on %s", type(event).__name__)
