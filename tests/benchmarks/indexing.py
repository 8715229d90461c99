"""``python -m tests.benchmarks.indexing FOLDER``: what indexing costs, split into its parts, in one run.

Decoding and embedding are measured alone on the same photos, then the whole way from folder to catalog. CPU time
is that of all processes; memory is the highest sum of their proportional shares (PSS), so shared pages count once.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from lookalike.config.assets import models_folder
from lookalike.config.paths import Profile
from lookalike.config.settings import Effort, Settings, save_settings
from lookalike.core.errors import PhotoUnreadableError
from lookalike.embedding.models import ModelStore
from lookalike.embedding.session import Embedder
from lookalike.imaging.decode import DecodeRequest, decode_photo
from lookalike.library.library import Library
from lookalike.library.model import BATCH

SAMPLE_S = 0.05


class Family:
    """Samples CPU time and proportional memory of this process and all below it while it is entered."""

    def __init__(self) -> None:
        self.peak_bytes = 0
        self._cpu_s: dict[int, float] = {}
        self._before_s = _cpu_of(os.getpid())
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Family:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    @property
    def cpu_s(self) -> float:
        """CPU seconds of all processes seen, ended ones with what they had at the last look."""
        return sum(self._cpu_s.values()) - self._before_s

    def _sample(self) -> None:
        while True:
            family = _family(os.getpid())
            for each in family:
                self._cpu_s[each] = max(self._cpu_s.get(each, 0.0), _cpu_of(each))
            self.peak_bytes = max(self.peak_bytes, sum(map(_pss, family)))
            if self._end.wait(SAMPLE_S):
                return


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--effort", choices=[each.value for each in Effort], default=Effort.FULL.value)
    options = parser.parse_args()
    card = ModelStore(models_folder(), Path("absent")).default()

    files = [file for file in sorted(options.folder.rglob("*")) if file.is_file()]
    decode_photo(DecodeRequest(bytes(files[0]), card.input_px))
    pixels = []
    started = time.process_time()
    for file in files:
        try:
            pixels.append(decode_photo(DecodeRequest(bytes(file), card.input_px)).pixels)
        except PhotoUnreadableError:
            continue
    decode_s = time.process_time() - started

    embedder = Embedder.open(card, 1)
    embedder.embed(np.stack(pixels[:BATCH]))
    started = time.process_time()
    for begin in range(0, len(pixels), BATCH):
        embedder.embed(np.stack(pixels[begin : begin + BATCH]))
    embed_s = time.process_time() - started
    del embedder

    with tempfile.TemporaryDirectory() as folder, Family() as family:
        profile = Profile.at(Path(folder))
        profile.prepare()
        save_settings(profile.settings, Settings(effort=Effort(options.effort)))
        started = time.monotonic()
        library = Library(profile, models_folder(), is_watching=False)
        library.open()
        library.add_folder(bytes(options.folder)).result()
        library.wait_until_idle()
        wall_s = time.monotonic() - started
        embedded = library.run_report().embedded
        library.close()
    whole_s = family.cpu_s

    count = len(pixels)
    print(f"model                    {card.model_id}, {card.input_px} px")
    print(f"photos                   {count} decoded alone, {embedded} contents embedded on the whole way")
    print(f"decode alone             {decode_s / count * 1000:.1f} ms CPU per photo")
    print(f"embed alone              {embed_s / count * 1000:.1f} ms CPU per photo")
    print(f"whole way                {whole_s / count * 1000:.1f} ms CPU per photo, start-up included")
    print(f"whole / (decode + embed) {whole_s / (decode_s + embed_s):.2f}")
    print(
        f"photos per second        {count / wall_s:.1f} ({options.effort}, {os.cpu_count()} cores, start-up included)"
    )
    print(f"memory peak              {family.peak_bytes / 1e6:.0f} MB over all processes")


def _cpu_of(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _family(root: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parents[int(entry)] = int(
                    Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[1]
                )
            except (OSError, ValueError):
                continue
    family = {root}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return sorted(family)


def _pss(process: int) -> int:
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:")), 0)


if __name__ == "__main__":
    main()
