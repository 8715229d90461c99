"""Prints how fast the grid is with 100,000 rows, on a clock and in CPU time of the GUI thread.

Run by hand: ``python tests/benchmarks/grid_speed.py``. On a busy machine only the CPU time means something.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import numpy as np
from PySide6.QtCore import QEventLoop, Qt, QThreadPool, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from lookalike.config.settings import Appearance
from lookalike.ui import theme
from lookalike.ui.app import SWITCH_INTERVAL_S
from lookalike.ui.bridge import Bridge
from lookalike.ui.delegate import PhotoDelegate
from lookalike.ui.grid import PhotoGrid
from lookalike.ui.photo_model import PhotoModel
from lookalike.ui.thumbnails import ThumbnailLoader
from tests.ui.fakes import PICTURES, FakeLibrary, paint_thumbnail

ROWS = 100_000


def main() -> None:
    app = QApplication(["grid-speed"])
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    theme.apply(app, Appearance.LIGHT)
    for number in range(PICTURES):
        paint_thumbnail(number)
    library = FakeLibrary(ROWS)
    bridge = Bridge(library)  # type: ignore[arg-type]
    pool = QThreadPool()
    thumbnails = ThumbnailLoader(library, pool)  # type: ignore[arg-type]
    model = PhotoModel(library, bridge, thumbnails)  # type: ignore[arg-type]
    grid = PhotoGrid(model, PhotoDelegate(), thumbnails)
    grid.resize(1100, 800)
    grid.show()
    QTest.qWaitForWindowExposed(grid)
    listing = library.listing(_query()).result()

    began, cpu_began = time.perf_counter(), time.thread_time()
    grid.replace_rows(listing.file_ids, listing.days)
    grid.viewport().repaint()
    cpu = (time.thread_time() - cpu_began) * 1000
    print(f"first paint of {ROWS} rows: {_ms(began):.1f} ms; CPU {cpu:.1f} ms")
    _wait(1500)
    first, end = grid.visible_rows()
    shown = sum(model.cell(row).pixmap is not None for row in range(first, end))

    def repaint(_: int) -> None:
        grid.viewport().repaint()

    print(f"repaint, {shown} of {end - first} cells with pictures: {_measure(repaint, 30, app)}")

    bar = grid.verticalScrollBar()
    for name, step in (("wheel", 120), ("page", 700), ("flick", 5000)):

        def scroll(_: int, step: int = step) -> None:
            bar.setValue(bar.value() + step)
            app.processEvents()

        print(f"scroll by {name} ({step} px), with loading: {_measure(scroll, 150, app)}")

    def press(_: int) -> None:
        QTest.keyClick(grid, Qt.Key.Key_Down)
        app.processEvents()

    print(f"arrow key: {_measure(press, 60, app)}")

    def resize(number: int) -> None:
        grid.resize(900 + number * 10, 800)
        app.processEvents()

    print(f"resize: {_measure(resize, 30, app)}")
    began = time.perf_counter()
    grid.selectAll()
    app.processEvents()
    print(f"select all: {_ms(began):.1f} ms; their ids: ", end="")
    began = time.perf_counter()
    count = len(grid.selected_files())
    print(f"{_ms(began):.2f} ms for {count}")
    began = time.perf_counter()
    grid.replace_rows(np.append(listing.file_ids, ROWS + 1), np.append(listing.days, listing.days[-1]))
    app.processEvents()
    print(f"another listing with all selected: {_ms(began):.1f} ms")
    print(f"pictures in memory: {thumbnails.size_bytes / 1e6:.1f} MB")
    thumbnails.close()
    pool.waitForDone()
    bridge.close()
    library.close()


def _query() -> object:
    from lookalike.core.listing import ListingQuery

    return ListingQuery()


def _measure(step: Callable[[int], None], times: int, app: QApplication) -> str:
    clock, cpu = [], []
    for number in range(times):
        began, cpu_began = time.perf_counter(), time.thread_time()
        step(number)
        cpu.append((time.thread_time() - cpu_began) * 1000)
        clock.append(_ms(began))
        app.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 4)
    return f"{_spread(clock)}; CPU {_spread(cpu)}"


def _ms(began: float) -> float:
    return (time.perf_counter() - began) * 1000


def _spread(times: list[float]) -> str:
    return f"median {np.median(times):.1f}, p95 {np.percentile(times, 95):.1f}, most {max(times):.1f} ms"


def _wait(ms: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()


if __name__ == "__main__":
    main()
