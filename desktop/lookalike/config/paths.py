"""The profile: every file Lookalike keeps, and nothing else; no thread of its own.

Data (catalog, index), configuration and cache lie in the platform's user directories; ``--profile-dir`` moves
all three under one folder. Folders are made with mode 0700, files with 0600 whatever the umask.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from lookalike.core.errors import ProfileError

APP_NAME = "lookalike"
PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


@dataclass(frozen=True, slots=True)
class Profile:
    """The folders of one profile.

    Attributes:
        data: Catalog, index, lock, journal: what cannot be made again.
        config: Settings.
        cache: Thumbnails: may be deleted at any time.
        state: Logs.
    """

    data: Path
    config: Path
    cache: Path
    state: Path

    @classmethod
    def default(cls) -> Profile:
        """Returns the user's own profile in the platform's directories."""
        dirs = platformdirs.PlatformDirs(APP_NAME, appauthor=False)
        return cls(dirs.user_data_path, dirs.user_config_path, dirs.user_cache_path, dirs.user_state_path)

    @classmethod
    def at(cls, folder: Path) -> Profile:
        """Returns a profile that lies wholly under ``folder``."""
        folder = folder.absolute()
        return cls(folder / "data", folder / "config", folder / "cache", folder / "state")

    @property
    def catalog(self) -> Path:
        """The SQLite catalog."""
        return self.data / "catalog.sqlite3"

    @property
    def index(self) -> Path:
        """The folder of sealed segments."""
        return self.data / "index"

    @property
    def backups(self) -> Path:
        """Copies of the catalog made before migrations and by the day."""
        return self.data / "backups"

    @property
    def models(self) -> Path:
        """Models the user added."""
        return self.data / "models"

    @property
    def model_checks(self) -> Path:
        """Remembers which models compute rightly on this processor."""
        return self.data / "model-checks.json"

    @property
    def lock(self) -> Path:
        """Held by the one writer."""
        return self.data / "writer.lock"

    @property
    def socket(self) -> Path:
        """Where the writer listens for requests of other processes."""
        return self.data / "requests.sock"

    @property
    def thumbnails(self) -> Path:
        """The thumbnail cache."""
        return self.cache / "thumbnails"

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.config / "settings.json"

    @property
    def log(self) -> Path:
        """The log file."""
        return self.state / "lookalike.log"

    def folders(self) -> tuple[Path, ...]:
        """Returns the four roots; a scan leaves them out."""
        return (self.data, self.config, self.cache, self.state)

    def prepare(self) -> None:
        """Makes the folders, private to the user.

        Raises:
            ProfileError: A folder cannot be made or belongs to somebody else.
        """
        for folder in (*self.folders(), self.index, self.backups, self.models, self.thumbnails):
            make_private_folder(folder)


def make_private_folder(folder: Path) -> None:
    """Makes ``folder`` and its parents; ``folder`` itself gets mode 0700 even where it was there.

    Raises:
        ProfileError: It cannot be made, is not a folder, or cannot be written.
    """
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        if stat.S_IMODE(folder.stat().st_mode) != PRIVATE_FOLDER:
            folder.chmod(PRIVATE_FOLDER)
    except FileExistsError as error:
        raise ProfileError(f"“{folder}” is a file, so the profile cannot be kept there.") from error
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ProfileError(f"The profile folder “{folder}” cannot be used: {reason}.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ProfileError(f"The profile folder “{folder}” cannot be written.")


def private_opener(path: str, flags: int) -> int:
    """An ``opener`` for :func:`open` whose new files only the user can read."""
    return os.open(path, flags, PRIVATE_FILE)


def write_private(file: Path, data: bytes) -> None:
    """Replaces ``file`` as a whole: written beside it, flushed to disk, renamed over it.

    Raises:
        OSError: The disk is full or the folder cannot be written; the old file is as it was.
    """
    temporary = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with open(temporary, "wb", opener=private_opener) as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, file)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
