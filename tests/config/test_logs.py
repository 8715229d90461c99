"""The log: private, and silent when it cannot be written."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lookalike.config.logs import start_logging


@pytest.fixture(autouse=True)
def handlers_restored() -> Iterator[None]:
    """Puts the root logger back as it was."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    for handler in set(root.handlers) - set(before):
        handler.close()
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)


def test_only_the_user_can_read_the_log(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        start_logging(tmp_path / "a.log")
    finally:
        os.umask(umask)
    logging.getLogger("lookalike.test").info("a line")
    assert (tmp_path / "a.log").stat().st_mode & 0o777 == 0o600
    assert "a line" in (tmp_path / "a.log").read_text()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_log_on_a_full_disk_loses_lines_and_says_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    start_logging(tmp_path / "a.log")
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.FileHandler)
    handler.stream.close()
    with open("/dev/full", "wb", buffering=0) as full:
        handler.stream = io.TextIOWrapper(full, write_through=True)
        logging.getLogger("lookalike.test").warning("a line")
        handler.stream.detach()
    handler.stream = io.StringIO()
    assert capfd.readouterr().err == ""
