"""Decoder processes: a photo that crashes, hangs or swells one is named, and all others are decoded."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from pathlib import Path

import numpy as np
import pytest

from lookalike.core.errors import PhotoUnreadableError
from lookalike.core.records import DecodedPhoto
from lookalike.imaging.decode import DecodeRequest, decode_photo
from lookalike.imaging.pool import DecoderDied, DecoderPool
from tests.imaging.pictures import encoded, quarters
from tests.pictures import save_photos

ENOUGH_S = 60.0
LIMIT_S = 5.0
"""For the test that waits for it; enough for a small photo on a busy machine."""


@pytest.fixture
def pool() -> Iterator[DecoderPool]:
    pool = DecoderPool(2, time_limit_s=ENOUGH_S, memory_limit_bytes=300_000_000)
    pool.start()
    yield pool
    pool.close()


@pytest.fixture
def requests(tmp_path: Path) -> list[DecodeRequest]:
    return [DecodeRequest(os.fsencode(file), 96) for file in save_photos(tmp_path / "photos", range(12))]


def assert_all_decoded(futures: list[Future[DecodedPhoto]], requests: list[DecodeRequest]) -> None:
    for future, request in zip(futures, requests, strict=True):
        found, wanted = future.result(ENOUGH_S), decode_photo(request)
        assert found.fingerprint == wanted.fingerprint
        assert found.pixel_fingerprint == wanted.pixel_fingerprint
        assert np.array_equal(found.pixels, wanted.pixels)


def surrounded(
    pool: DecoderPool, requests: list[DecodeRequest], *attack: object
) -> tuple[list[Future[DecodedPhoto]], Future[object]]:
    """Asks for all photos with an attack in their midst."""
    half = len(requests) // 2
    before = [pool.decode(request) for request in requests[:half]]
    function, *arguments = attack
    future: Future[object] = pool.run(function, *arguments)  # type: ignore[arg-type]
    return before + [pool.decode(request) for request in requests[half:]], future


def test_photos_come_back_as_decoded(pool: DecoderPool, requests: list[DecodeRequest]) -> None:
    assert_all_decoded([pool.decode(request) for request in requests], requests)


def test_work_is_done_elsewhere_by_as_many_processes_as_asked_for(pool: DecoderPool) -> None:
    slow = [pool.run(time.sleep, 0.2) for _ in range(4)]
    wait(slow, ENOUGH_S)
    found = {pool.run(os.getpid).result(ENOUGH_S) for _ in range(20)}
    assert os.getpid() not in found
    assert 1 <= len(found) <= 2


@pytest.mark.parametrize("attack", [(os.abort,), (ctypes.string_at, 0), (signal.raise_signal, signal.SIGBUS)])
def test_a_crash_is_named_and_costs_no_other_photo(
    pool: DecoderPool, requests: list[DecodeRequest], attack: tuple[object, ...]
) -> None:
    futures, crash = surrounded(pool, requests, *attack)
    with pytest.raises(DecoderDied) as caught:
        crash.result(ENOUGH_S)
    assert caught.value.reason.startswith("The decoder crashed over this photo (SIG")
    assert_all_decoded(futures, requests)


def test_an_exit_is_named(pool: DecoderPool, requests: list[DecodeRequest]) -> None:
    futures, attack = surrounded(pool, requests, os._exit, 3)
    with pytest.raises(DecoderDied, match="exit code 3"):
        attack.result(ENOUGH_S)
    assert_all_decoded(futures, requests)


def test_a_hang_ends_at_the_time_limit_and_costs_no_other_photo(requests: list[DecodeRequest]) -> None:
    pool = DecoderPool(2, time_limit_s=LIMIT_S)
    pool.start()
    try:
        futures, hang = surrounded(pool, requests, time.sleep, 1000)
        with pytest.raises(DecoderDied, match="longer than 5 seconds"):
            hang.result(ENOUGH_S)
        assert_all_decoded(futures, requests)
    finally:
        pool.close()


def test_a_process_that_swells_meets_the_memory_limit(
    pool: DecoderPool, requests: list[DecodeRequest]
) -> None:
    futures, attack = surrounded(pool, requests, bytearray, 400_000_000)
    with pytest.raises(DecoderDied, match="more memory"):
        attack.result(ENOUGH_S)
    assert_all_decoded(futures, requests)
    assert len(pool.run(bytes, 100_000_000).result(ENOUGH_S)) == 100_000_000


def test_a_photo_too_large_for_the_memory_limit_is_refused_and_costs_no_other(
    pool: DecoderPool, requests: list[DecodeRequest], tmp_path: Path
) -> None:
    file = tmp_path / "large.png"
    file.write_bytes(encoded(quarters(9_000, 8_600), "PNG", compress_level=1))
    futures, attack = surrounded(pool, requests, decode_photo, DecodeRequest(os.fsencode(file), 96))
    with pytest.raises(PhotoUnreadableError, match="more memory"):
        attack.result(ENOUGH_S)
    assert_all_decoded(futures, requests)


def test_processes_killed_while_idle_are_replaced(pool: DecoderPool, requests: list[DecodeRequest]) -> None:
    for _ in range(20):
        process = pool.run(os.getpid).result(ENOUGH_S)
        os.kill(process, signal.SIGKILL)
        assert pool.run(os.getpid).result(ENOUGH_S) != process
    assert_all_decoded([pool.decode(request) for request in requests], requests)


def test_many_crashes_in_a_row_do_not_wear_the_pool_out(
    pool: DecoderPool, requests: list[DecodeRequest]
) -> None:
    crashes = [pool.run(os.abort) for _ in range(10)]
    assert all(isinstance(crash.exception(ENOUGH_S), DecoderDied) for crash in crashes)
    assert_all_decoded([pool.decode(request) for request in requests], requests)


def test_an_unreadable_photo_is_no_death(pool: DecoderPool, tmp_path: Path) -> None:
    before = pool.run(os.getpid).result(ENOUGH_S)
    with pytest.raises(PhotoUnreadableError, match="not there any more"):
        pool.decode(DecodeRequest(os.fsencode(tmp_path / "gone.jpg"), 96)).result(ENOUGH_S)
    found = {pool.run(os.getpid).result(ENOUGH_S) for _ in range(20)}
    assert before in found


def test_a_mistake_of_ours_keeps_its_kind_and_its_traceback(pool: DecoderPool) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        pool.run(divmod, 1, 0).result(ENOUGH_S)
    assert any("Traceback" in note for note in caught.value.__notes__)


def test_an_answer_that_cannot_be_sent_is_an_error_and_no_hang(pool: DecoderPool) -> None:
    with pytest.raises(RuntimeError, match="could not be sent"):
        pool.run(memoryview, b"x").result(ENOUGH_S)
    assert pool.run(abs, -1).result(ENOUGH_S) == 1


def test_a_question_that_cannot_be_sent_is_an_error_and_no_hang(pool: DecoderPool) -> None:
    with pytest.raises(Exception, match=r"pickle|lambda"):  # Python names it differently by version.
        pool.run(lambda: 1).result(ENOUGH_S)
    assert pool.run(abs, -1).result(ENOUGH_S) == 1


def test_who_waits_for_an_answer_goes_first() -> None:
    pool = DecoderPool(1)
    order: list[str] = []
    slow = pool.run(time.sleep, 0.01)
    for name, is_urgent in (("later", False), ("last", False), ("first", True)):
        pool.run(abs, 1, is_urgent=is_urgent).add_done_callback(lambda _, name=name: order.append(name))  # type: ignore[misc]
    pool.start()
    pool.run(abs, 1).result(ENOUGH_S)
    assert slow.done()
    pool.close()
    assert order == ["first", "later", "last"]


def test_fingerprints_and_large_views_come_from_there_too(
    pool: DecoderPool, requests: list[DecodeRequest]
) -> None:
    wanted = decode_photo(requests[0])
    assert pool.fingerprint(requests[0].path).result(ENOUGH_S) == (wanted.stat, wanted.fingerprint)
    pixels = pool.large(requests[0].path, 240).result(ENOUGH_S)
    assert (pixels.shape, pixels.dtype) == ((160, 240, 3), np.uint8)


def test_closing_lets_running_calls_finish_and_cancels_the_rest() -> None:
    pool = DecoderPool(1)
    pool.start()
    pool.run(abs, 1).result(ENOUGH_S)
    running = pool.run(time.sleep, 0.3)
    while not running.running():
        pass
    waiting = [pool.run(abs, 1) for _ in range(5)]
    pool.close()
    assert running.result(0) is None
    assert all(future.cancelled() for future in waiting)
    assert pool.run(abs, 1).cancelled()
    pool.close()


def test_closing_ends_a_hung_call_long_before_its_time_limit() -> None:
    pool = DecoderPool(1, time_limit_s=ENOUGH_S)
    pool.start()
    pool.run(abs, 1).result(ENOUGH_S)
    hung = pool.run(time.sleep, ENOUGH_S)
    while not hung.running():
        pass
    began = time.monotonic()
    pool.close()
    assert time.monotonic() - began < ENOUGH_S / 2
    with pytest.raises(DecoderDied):
        hung.result(0)


def test_a_pool_that_was_never_started_closes() -> None:
    pool = DecoderPool(2)
    waiting = pool.run(abs, 1)
    pool.close()
    assert waiting.cancelled()


def test_a_cancelled_call_is_never_made(pool: DecoderPool, tmp_path: Path) -> None:
    blockers = [pool.run(time.sleep, 0.3) for _ in range(2)]
    made = pool.run(os.mkdir, os.fspath(tmp_path / "made"))
    assert made.cancel()
    wait(blockers, ENOUGH_S)
    pool.run(abs, 1).result(ENOUGH_S)
    assert not (tmp_path / "made").exists()


def test_decoders_end_with_the_program_that_owns_them() -> None:
    program = """
import os, signal
from lookalike.imaging.pool import DecoderPool
pool = DecoderPool(1)
pool.start()
print(pool.run(os.getpid).result(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, timeout=ENOUGH_S, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    ends_at = time.monotonic() + ENOUGH_S
    while is_running(int(ended.stdout)):
        assert time.monotonic() < ends_at, "the decoder outlived its program"


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_decoders_run_one_thread_each_and_dump_no_core(pool: DecoderPool) -> None:
    import resource

    before = os.environ.get("OPENBLAS_NUM_THREADS")
    assert pool.run(os.getenv, "OPENBLAS_NUM_THREADS").result(ENOUGH_S) == "1"
    assert pool.run(resource.getrlimit, resource.RLIMIT_CORE).result(ENOUGH_S)[0] == 0
    assert os.environ.get("OPENBLAS_NUM_THREADS") == before
    assert len(pool.run(os.listdir, "/proc/self/task").result(ENOUGH_S)) == 1
