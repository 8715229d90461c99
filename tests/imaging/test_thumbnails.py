"""The thumbnail cache: private, whole files only, within its limit, the oldest-used going first."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from lookalike.imaging.thumbnails import ThumbnailCache

DAY_S = 86_400


def key(number: int) -> bytes:
    return hashlib.blake2b(str(number).encode(), digest_size=32).digest()


def jpeg(number: int, size: int = 1000) -> bytes:
    return b"\xff\xd8" + bytes([number % 256]) * (size - 4) + b"\xff\xd9"


def file_of(folder: Path, fingerprint: bytes) -> Path:
    name = fingerprint.hex()
    return folder / name[:2] / f"{name}.jpg"


def used_at(folder: Path, fingerprint: bytes, age_s: float) -> None:
    moment = time.time() - age_s
    os.utime(file_of(folder, fingerprint), (moment, moment))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "thumbnails"


@pytest.fixture
def cache(folder: Path) -> ThumbnailCache:
    return ThumbnailCache(folder, 1_000_000)


def test_a_thumbnail_comes_back_as_it_was(cache: ThumbnailCache) -> None:
    cache.put(key(1), jpeg(1))
    cache.put(key(2), jpeg(2))
    assert cache.get(key(1)) == jpeg(1)
    assert cache.get(key(2)) == jpeg(2)
    assert cache.get(key(3)) is None


def test_a_new_cache_on_the_same_folder_knows_it_all(cache: ThumbnailCache, folder: Path) -> None:
    cache.put(key(1), jpeg(1))
    again = ThumbnailCache(folder, 1_000_000)
    assert again.get(key(1)) == jpeg(1)
    assert again.size_bytes() == 1000


def test_files_and_folders_are_private_whatever_the_umask(cache: ThumbnailCache, folder: Path) -> None:
    before = os.umask(0)
    try:
        cache.put(key(1), jpeg(1))
    finally:
        os.umask(before)
    file = file_of(folder, key(1))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_size_is_kept_in_step(cache: ThumbnailCache) -> None:
    for number in range(10):
        cache.put(key(number), jpeg(number))
    assert cache.size_bytes() == 10_000
    cache.put(key(0), jpeg(0, 3000))
    assert cache.size_bytes() == 12_000
    cache.remove([key(0), key(1), key(77)])
    assert cache.size_bytes() == 8_000
    assert cache.get(key(1)) is None


def test_a_put_does_not_look_at_the_whole_cache(
    cache: ThumbnailCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.put(key(1), jpeg(1))

    def fail(*_: object) -> None:
        raise AssertionError("the cache was walked")

    monkeypatch.setattr(os, "scandir", fail)
    cache.put(key(2), jpeg(2))
    assert cache.size_bytes() == 2000


def test_the_oldest_used_go_first(folder: Path) -> None:
    cache = ThumbnailCache(folder, 10_000)
    for number in range(10):
        cache.put(key(number), jpeg(number))
        used_at(folder, key(number), (20 - number) * DAY_S)
    assert cache.get(key(0)) is not None  # Used now, so no longer the oldest.
    cache.put(key(10), jpeg(10))
    kept = {number for number in range(11) if file_of(folder, key(number)).exists()}
    assert kept == {0, 3, 4, 5, 6, 7, 8, 9, 10}
    assert cache.size_bytes() == 9_000


def test_the_limit_holds_over_many_puts(folder: Path) -> None:
    cache = ThumbnailCache(folder, 20_000)
    for number in range(200):
        cache.put(key(number), jpeg(number))
        assert cache.size_bytes() <= 20_000
    on_disk = sum(file.stat().st_size for file in folder.rglob("*.jpg"))
    assert on_disk == cache.size_bytes()
    assert on_disk >= 18_000


def test_lowering_the_limit_evicts_at_once(cache: ThumbnailCache, folder: Path) -> None:
    for number in range(20):
        cache.put(key(number), jpeg(number))
    cache.limit_bytes = 10_000
    assert cache.limit_bytes == 10_000
    assert cache.size_bytes() == 9_000
    assert len(list(folder.rglob("*.jpg"))) == 9


def test_clearing_returns_what_it_freed_and_leaves_what_is_not_its_own(
    cache: ThumbnailCache, folder: Path
) -> None:
    for number in range(5):
        cache.put(key(number), jpeg(number))
    foreign = [
        folder / "letter.txt",
        file_of(folder, key(0)).with_name("holiday.jpg"),
        folder / "zz" / "a.jpg",
    ]
    for file in foreign:
        file.parent.mkdir(exist_ok=True)
        file.write_text("mine")
    assert cache.clear() == 5000
    assert cache.size_bytes() == 0
    assert cache.get(key(0)) is None
    assert all(file.read_text() == "mine" for file in foreign)
    cache.put(key(1), jpeg(1))
    assert cache.get(key(1)) == jpeg(1)


def test_a_thumbnail_cut_off_by_a_power_failure_is_forgotten(cache: ThumbnailCache, folder: Path) -> None:
    cache.put(key(1), jpeg(1))
    cache.put(key(2), jpeg(2))
    file_of(folder, key(1)).write_bytes(jpeg(1)[:500])
    file_of(folder, key(2)).write_bytes(b"")
    assert cache.get(key(1)) is None
    assert cache.get(key(2)) is None
    assert not file_of(folder, key(1)).exists()


def test_a_failed_put_leaves_nothing_behind(
    cache: ThumbnailCache, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.put(key(1), jpeg(1))

    def disk_full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", disk_full)
        with pytest.raises(OSError, match="No space left"):
            cache.put(key(1), jpeg(9))
    assert cache.get(key(1)) == jpeg(1)
    assert cache.size_bytes() == 1000
    assert [file.name for file in folder.rglob("*") if file.is_file()] == [f"{key(1).hex()}.jpg"]


def test_what_a_killed_program_left_is_cleaned_up(folder: Path) -> None:
    ThumbnailCache(folder, 1_000_000).put(key(1), jpeg(1))
    shard = file_of(folder, key(1)).parent
    stale, fresh = (shard / f".{key(number).hex()}.123.456.part" for number in (2, 3))
    for file in (stale, fresh):
        file.write_bytes(b"half")
    os.utime(stale, (0, 0))
    assert ThumbnailCache(folder, 1_000_000).size_bytes() == 1000
    assert not stale.exists()
    assert fresh.exists()


def test_many_threads_may_use_it_at_once(folder: Path) -> None:
    cache = ThumbnailCache(folder, 30_000)
    errors: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            for step in range(100):
                number = (seed * 7 + step) % 60
                cache.put(key(number), jpeg(number))
                found = cache.get(key((number * 3) % 60))
                assert found is None or len(found) == 1000
                if step % 25 == 24:
                    cache.remove([key(number)])
        except BaseException as error:  # noqa: BLE001  # Shown below.
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert cache.size_bytes() == sum(file.stat().st_size for file in folder.rglob("*.jpg"))
