"""Fetches the photo that is looked at and its neighbours; GUI thread, decoding happens elsewhere.

Answers are kept by photo, not by request: one that comes late lands in the cache and disturbs nobody.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from lookalike.core.errors import LookalikeError
from lookalike.core.records import Photo
from lookalike.imaging.pool import DecoderDied
from lookalike.ui.background import in_background, then
from lookalike.ui.bridge import Bridge

CACHE_BYTES = 256 * 1024**2
"""Room for the photo and its neighbours at screen size, and for one of 24 megapixels at full size."""
MOST_PX = 8192
"""A rendering of this length takes 200 MB; a larger photo is shown from a smaller rendering."""
PHOTOS_KEPT = 64
STEP_PX = 512
"""Lengths are asked for in steps, so that dragging the window's edge does not decode at every pixel."""


class LargePictures(QObject):
    """Photos, thumbnails and large renderings by file id.

    Signals (GUI thread):
        photo_arrived(Photo): The facts of a photo that was asked for.
        photo_vanished(int): The library knows this file no more.
        picture_arrived(int, QImage): A rendering; first the thumbnail, then the large one.
        picture_failed(int, str): No large rendering can be had, and why in one sentence.
    """

    photo_arrived = Signal(object)
    photo_vanished = Signal(int)
    picture_arrived = Signal(int, QImage)
    picture_failed = Signal(int, str)

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._library = bridge.library
        self._images: OrderedDict[int, QImage] = OrderedDict()
        self._photos: OrderedDict[int, Photo] = OrderedDict()
        self._asked_px: dict[int, int] = {}

    def photo(self, file_id: int) -> Photo | None:
        """Returns the facts of a photo where they are here already."""
        return self._photos.get(file_id)

    def image(self, file_id: int) -> QImage | None:
        """Returns the best rendering that is here already."""
        image = self._images.get(file_id)
        if image is not None:
            self._images.move_to_end(file_id)
        return image

    def ask_photos(self, file_ids: Sequence[int], then_do: Callable[[Photo], None] | None = None) -> None:
        """Asks for the facts of photos; ``then_do`` gets each that is found."""
        arrived = partial(self._photos_arrived, tuple(file_ids), then_do)
        self._bridge.call(self._library.photos(list(file_ids)), arrived, owner=self)

    def ask_thumbnail(self, photo: Photo) -> None:
        """Asks for the small picture; silence where there is none."""
        library = self._library
        fingerprint = photo.fingerprint
        future = in_background(lambda: _thumbnail_image(library.thumbnail(fingerprint)))
        self._bridge.call(future, partial(self._thumbnail_arrived, photo.file_id), owner=self)

    def ask_large(self, photo: Photo, wanted_px: int) -> None:
        """Asks for a rendering at least so long, or as long as the photo is; never twice for the same."""
        file_id = photo.file_id
        most_px = min(MOST_PX, max(photo.facts.width, photo.facts.height))
        px = min(most_px, -(-wanted_px // STEP_PX) * STEP_PX)
        if px <= self._asked_px.get(file_id, 0):
            return
        self._asked_px[file_id] = px
        future = then(self._library.large(photo.path, px), _large_image)
        self._bridge.call(
            future, partial(self._large_arrived, file_id), partial(self._large_failed, file_id), self
        )

    def drop_oversized(self, file_id: int, px: int) -> None:
        """Frees a rendering made for zooming in: fitted it would look coarse, and it crowds out the others."""
        image = self._images.get(file_id)
        if image is not None and max(image.width(), image.height()) > 2 * (px + STEP_PX):
            self._forget_image(file_id)

    def forget(self) -> None:
        """Frees everything."""
        self._images.clear()
        self._photos.clear()
        self._asked_px.clear()

    def _forget_image(self, file_id: int) -> None:
        self._images.pop(file_id, None)
        self._asked_px.pop(file_id, None)

    def _photos_arrived(
        self, asked: tuple[int, ...], then_do: Callable[[Photo], None] | None, photos: list[Photo]
    ) -> None:
        for photo in photos:
            known = self._photos.pop(photo.file_id, None)
            if known is not None and known.fingerprint != photo.fingerprint:
                self._forget_image(photo.file_id)
            self._photos[photo.file_id] = photo
            while len(self._photos) > PHOTOS_KEPT:
                self._photos.popitem(last=False)
            self.photo_arrived.emit(photo)
            if then_do is not None:
                then_do(photo)
        for file_id in set(asked) - {photo.file_id for photo in photos}:
            self.photo_vanished.emit(file_id)

    def _thumbnail_arrived(self, file_id: int, image: QImage | None) -> None:
        if image is not None and file_id not in self._images:
            self.picture_arrived.emit(file_id, image)

    def _large_arrived(self, file_id: int, image: QImage) -> None:
        self._images[file_id] = image
        self._images.move_to_end(file_id)
        while (
            len(self._images) > 1 and sum(each.sizeInBytes() for each in self._images.values()) > CACHE_BYTES
        ):
            self._forget_image(next(iter(self._images)))
        self.picture_arrived.emit(file_id, image)

    def _large_failed(self, file_id: int, error: Exception) -> None:
        self._asked_px.pop(file_id, None)
        if isinstance(error, LookalikeError | DecoderDied):
            self.picture_failed.emit(file_id, str(error))
        else:
            self._bridge.report(error)
            self.picture_failed.emit(file_id, self.tr("This photo could not be read."))


def _thumbnail_image(jpeg: bytes | None) -> QImage | None:
    """Decodes a thumbnail; runs on a pool thread."""
    if jpeg is None:
        return None
    image = QImage.fromData(jpeg)
    return None if image.isNull() else image.convertToFormat(QImage.Format.Format_RGB32)


def _large_image(pixels: NDArray[np.uint8]) -> QImage:
    """Copies uint8 (H, W, 3) RGB into the format that paints fastest; runs on a pool thread."""
    rows = np.ascontiguousarray(pixels)
    height, width = rows.shape[:2]
    view = QImage(rows.data, width, height, width * 3, QImage.Format.Format_RGB888)
    return view.convertToFormat(QImage.Format.Format_RGB32)
