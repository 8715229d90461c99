"""Listens for changes in watched folders; every event is only a hint that a folder wants a scan.

Owns two threads: one listens (watchfiles), one waits until the files named have settled, because a file is being
copied until its size and mtime stop changing. After any trouble it starts again and asks for a full scan.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence

from lookalike.library.threads import CancelToken

log = logging.getLogger(__name__)

SETTLE_S = 1.0
"""A file must keep its size and mtime this long before it is decoded."""
PATIENCE_S = 600.0
"""A file that never settles (a log in an odd place) is dropped after this; the next scan finds it."""
RESTART_S = 2.0
DEBOUNCE_MS, STEP_MS, TIMEOUT_MS = 400, 100, 1000
"""Events are gathered this long; a call to stop is noticed within a tenth of a second."""


class Watcher:
    """Turns file-system events into settled folders to scan.

    Args:
        on_settled: Called on the settling thread with folders in which something changed and came to rest.
        on_listening: Called when listening has begun, anew or for the first time: what changed before that raised
            no event, so everything wants a scan.
        on_trouble: Called when listening failed and everything wants a scan. The argument is a sentence for the
            user, empty where there is nothing to tell.
    """

    def __init__(
        self,
        on_settled: Callable[[Sequence[bytes]], None],
        on_listening: Callable[[], None],
        on_trouble: Callable[[str], None],
    ) -> None:
        self._on_settled = on_settled
        self._on_listening = on_listening
        self._on_trouble = on_trouble
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._waiting: dict[bytes, tuple[tuple[int, int] | None, float, float]] = {}
        self._roots: tuple[bytes, ...] = ()
        self._restart = threading.Event()
        self._cancel = CancelToken()
        self._threads = [
            threading.Thread(target=self._listen, name="watcher", daemon=True),
            threading.Thread(target=self._settle, name="settle", daemon=True),
        ]

    def start(self) -> None:
        """Starts both threads."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Ends both threads."""
        self._cancel.cancel()
        self._restart.set()
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(10)

    def watch(self, roots: Sequence[bytes]) -> None:
        """Replaces the folders listened to."""
        with self._lock:
            if tuple(roots) == self._roots:
                return
            self._roots = tuple(roots)
        self._restart.set()

    def listen_again(self) -> None:
        """Starts listening anew: a folder that was away has returned, and what was listened to is the old one."""
        self._restart.set()

    def hint(self, path: bytes) -> None:
        """Takes note that ``path`` may have changed."""
        now = time.monotonic()
        with self._changed:
            first = self._waiting[path][2] if path in self._waiting else now
            self._waiting[path] = (_look(path), now, first)
            self._changed.notify()

    def _listen(self) -> None:
        while not self._cancel.is_cancelled:
            self._restart.clear()
            with self._lock:
                roots = [os.fsdecode(root) for root in self._roots if os.path.isdir(root)]
            if self._cancel.is_cancelled:  # close() may have come before the event was cleared
                return
            if not roots:
                self._restart.wait()
                continue
            try:
                self._listen_to(roots)
            except OSError as error:
                self._tell(error)
                self._restart.wait(60.0)
            except Exception:  # a name that is not UTF-8 raises out of watchfiles 1.3's own thread
                log.info("Listening for changes was interrupted and starts again", exc_info=True)
                self._on_trouble("")
                self._restart.wait(RESTART_S)

    def _listen_to(self, roots: list[str]) -> None:
        # watchfiles' own loop does not tell when listening has begun, and what changes before that is lost.
        from watchfiles._rust_notify import RustNotify

        trouble: OSError | None = None
        try:
            notify = RustNotify(roots, False, False, 0, True, False)
        except OSError as error:  # a folder that may not be opened, or the limit; the rest can be listened to
            trouble = error
            notify = RustNotify(roots, False, False, 0, True, True)
        with notify:
            self._on_listening()
            if trouble is not None and _is_limit(trouble):
                self._tell(trouble)
            while True:
                changes = notify.watch(DEBOUNCE_MS, STEP_MS, TIMEOUT_MS, self._restart)
                if isinstance(changes, str):
                    if changes == "timeout":
                        continue
                    return
                for _, path in changes:
                    self.hint(os.fsencode(path))

    def _tell(self, error: OSError) -> None:
        log.warning("Listening for changes failed: %s", error)
        if _is_limit(error):
            self._on_trouble(
                "The system’s limit of watched folders is reached, so changes are found by regular scans instead."
                " Raising fs.inotify.max_user_watches brings instant updates back."
            )
        else:
            self._on_trouble("")

    def _settle(self) -> None:
        while not self._cancel.is_cancelled:
            with self._changed:
                if not self._waiting:
                    if not self._cancel.is_cancelled:  # else close() has called already, and would not again
                        self._changed.wait()
                    continue
            if self._cancel.wait(SETTLE_S / 4):
                return
            settled = self._settled_paths(time.monotonic())
            if settled:
                self._on_settled(sorted({_folder_of(path) for path in settled}))

    def _settled_paths(self, now: float) -> list[bytes]:
        settled: list[bytes] = []
        with self._lock:
            waiting = list(self._waiting.items())
        for path, (looked, since, first) in waiting:
            seen = _look(path)
            with self._lock:
                if seen != looked and now - first < PATIENCE_S:
                    self._waiting[path] = (seen, now, first)
                elif now - since >= SETTLE_S:
                    self._waiting.pop(path, None)
                    settled.append(path)
        return settled


def _is_limit(error: OSError) -> bool:
    """Says whether the system allows no more watches; watchfiles says so in words alone."""
    return error.errno in (errno.ENOSPC, errno.EMFILE) or "limit" in str(error).lower()


def _look(path: bytes) -> tuple[int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _folder_of(path: bytes) -> bytes:
    """Returns the folder to scan: the changed folder itself, or the one that holds the changed file."""
    return path if os.path.isdir(path) and not os.path.islink(path) else os.path.dirname(path)
