"""One writer per profile: a lock file held for as long as the library is open for writing."""

from __future__ import annotations

from pathlib import Path

import filelock

from lookalike.config.paths import PRIVATE_FILE
from lookalike.core.errors import ProfileBusyError, ProfileError


class WriterLock:
    """The profile's lock; the system lets go of it when the process ends, however it ends.

    Args:
        file: The lock file; it stays when the lock is released.
    """

    def __init__(self, file: Path) -> None:
        # is_singleton would share one lock among all owners in this process, thread_local would let only the
        # taking thread release it.
        self._lock = filelock.FileLock(file, timeout=0, mode=PRIVATE_FILE, thread_local=False)

    def take(self) -> None:
        """Takes the lock.

        Raises:
            ProfileBusyError: Another process, or another library in this one, writes to the profile.
            ProfileError: The file cannot be opened.
        """
        try:
            self._lock.acquire()
        except filelock.Timeout as error:
            raise ProfileBusyError(
                "Lookalike is already open on this profile; close it first, or use the open window."
            ) from error
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            raise ProfileError(f"The profile’s lock file cannot be used: {reason}.") from error

    def release(self) -> None:
        """Lets go of the lock."""
        self._lock.release()
