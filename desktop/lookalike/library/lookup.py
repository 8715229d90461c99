"""A profile opened for reading alone: the command line's answers while the window may be writing.

Everything happens on the calling thread; nothing in the profile changes.
"""

from __future__ import annotations

from pathlib import Path

from lookalike.catalog.catalog import Catalog
from lookalike.config.paths import Profile
from lookalike.config.settings import load_settings
from lookalike.core.errors import InputError, ProfileError
from lookalike.core.records import FolderState, LookAlike, WatchedFolder
from lookalike.embedding.models import ModelStore
from lookalike.imaging.pool import DecoderPool
from lookalike.imaging.thumbnails import ThumbnailCache
from lookalike.index.vectors import VectorIndex
from lookalike.library import search
from lookalike.library.model import open_shared
from lookalike.library.scanner import is_readable
from lookalike.library.status import Status, read_status
from lookalike.library.upkeep import open_for_reading
from lookalike.library.verify import Verification, verify


class Lookup:
    """An existing profile, read only.

    Args:
        profile: Where everything lies.
        shipped_models: Folder of the models that came with the program.

    Raises:
        InputError: There is no library in the profile yet.
        ProfileError: The catalog cannot be read.
        ModelError: No model can be used.
    """

    def __init__(self, profile: Profile, shipped_models: Path) -> None:
        try:
            profile.catalog.stat()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise InputError(f"There is no library in “{profile.data}” yet; add a folder first.") from error
        except (OSError, ValueError) as error:
            reason = (getattr(error, "strerror", None) or str(error)).lower()
            raise ProfileError(f"The profile in “{profile.data}” cannot be used: {reason}.") from error
        self.profile = profile
        self._settings = load_settings(profile.settings)
        store = ModelStore(shipped_models, profile.models)
        self._model = open_shared(store, self._settings.model, profile.model_checks, _ignore)
        self._catalog = Catalog.open(profile.catalog, profile.backups, writable=False)
        self._pool: DecoderPool | None = None

    def close(self) -> None:
        """Lets go of the catalog and ends the decoder, if one was needed."""
        self._catalog.close()
        if self._pool is not None:
            self._pool.close()

    def find_similar(self, path: bytes, limit: int, threshold: float) -> list[LookAlike]:
        """Ranks the look-alikes of the photo at ``path``, inside or outside the library, best first.

        Raises:
            InputError: The photo is not there.
            PhotoUnreadableError: It cannot be decoded.
        """
        query, vector = search.query_vector(self._catalog, path, self._model, self._decoders)
        index = self._index()
        try:
            return search.find_similar(
                self._catalog, index, vector, limit=limit, threshold=threshold, left_out=query
            )
        finally:
            index.close()

    def status(self) -> Status:
        """Counts everything."""
        index = self._index()
        try:
            thumbnails = ThumbnailCache(self.profile.thumbnails, self._settings.cache_limit_bytes)
            return read_status(self._catalog, self._model.card.model_id, self.folders(), index, thumbnails)
        finally:
            index.close()

    def folders(self) -> tuple[WatchedFolder, ...]:
        """Returns the watched folders with their counts and whether each can be read."""
        counts = self._catalog.counts().photos_in
        return tuple(
            WatchedFolder(
                row.folder_id,
                row.path,
                FolderState.ONLINE if is_readable(row.path) else FolderState.OFFLINE,
                counts.get(row.folder_id, 0),
            )
            for row in self._catalog.folders()
        )

    def verify(self) -> Verification:
        """Checks catalog against index against files; changes nothing."""
        with self._catalog.transaction():  # one state of the catalog, whatever a writer does meanwhile
            index = self._index()
            try:
                return verify(self._catalog, index, self._model.card.model_id, self.folders())
            finally:
                index.close()

    def _index(self) -> VectorIndex:
        return open_for_reading(self.profile, self._model.card, self._settings.metric, self._catalog)

    def _decoders(self) -> DecoderPool:
        if self._pool is None:
            self._pool = DecoderPool(1)
            self._pool.start()
        return self._pool


def _ignore(_: str) -> None:
    """A model that had to be replaced by another is told by the command that writes."""
