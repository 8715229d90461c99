"""A library for the views that show and change things: large pictures, reports and errors as a test wants them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.config.settings import Settings
from tests.ui.fakes import FakeLibrary, FakeReport, FakeStatus


@dataclass
class HeldLarge:
    """A large rendering that is asked for and not yet delivered."""

    path: bytes
    longest_px: int
    future: Future[NDArray[np.uint8]]


class ViewsLibrary(FakeLibrary):
    """Photos 1 to ``count``; large renderings have the shape and the colour that their path calls for."""

    def __init__(self, count: int = 20, folders: int = 2) -> None:
        super().__init__(count, folders)
        self.holds_large = False
        self.held: list[HeldLarge] = []
        self.large_errors: dict[bytes, Exception] = {}
        self.settings_error: Exception | None = None
        self.report = FakeReport(1)
        self.transfer_error: Exception | None = None
        self.cache_bytes = 412_000_000

    def large(self, path: bytes, longest_px: int) -> Future[NDArray[np.uint8]]:
        self.calls.append(("large", path, longest_px))
        future: Future[NDArray[np.uint8]] = Future()
        future.set_running_or_notify_cancel()
        held = HeldLarge(path, longest_px, future)
        if self.holds_large:
            self.held.append(held)
        else:
            self.deliver(held)
        return future

    def deliver(self, held: HeldLarge) -> None:
        """Lets one large rendering arrive, or fail as the test has said."""
        error = self.large_errors.get(held.path)
        if error is not None:
            held.future.set_exception(error)
            return
        photo = next(each for each in map(self.photo, range(1, self._count + 1)) if each.path == held.path)
        scale = min(1.0, held.longest_px / max(photo.facts.width, photo.facts.height))
        shape = (round(photo.facts.height * scale), round(photo.facts.width * scale), 3)
        pixels = np.empty(shape, np.uint8)
        pixels[:] = colour_of(photo.file_id)
        held.future.set_result(pixels)

    def change_settings(self, settings: Settings) -> None:
        if self.settings_error is not None:
            raise self.settings_error
        super().change_settings(settings)

    def model_ids(self) -> Future[tuple[str, ...]]:
        return self._submit(lambda: ("resnet18-look-1", "resnet50-own"))

    def status(self) -> Future[FakeStatus]:
        return self._submit(lambda: FakeStatus("resnet18-look-1", self._count, cache_bytes=self.cache_bytes))

    def clear_thumbnails(self) -> Future[int]:
        def clear() -> int:
            freed, self.cache_bytes = self.cache_bytes, 0
            return freed

        return self._submit(clear)

    def copy_photos(self, file_ids: Sequence[int], destination: bytes) -> Future[FakeReport]:
        self.calls.append(("copy_photos", tuple(file_ids), destination))
        return self._transfer()

    def move_photos(self, file_ids: Sequence[int], destination: bytes) -> Future[FakeReport]:
        self.calls.append(("move_photos", tuple(file_ids), destination))
        return self._transfer()

    def _transfer(self) -> Future[FakeReport]:
        def run() -> FakeReport:
            if self.transfer_error is not None:
                raise self.transfer_error
            return self.report

        return self._submit(run)


def colour_of(file_id: int) -> tuple[int, int, int]:
    """Returns the one colour of a photo's large rendering."""
    return (file_id * 10 % 256, 255 - file_id * 10 % 256, 40)
