"""The log file: small, rotated, without photo names unless asked; no thread of its own."""

from __future__ import annotations

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

from lookalike.config.paths import PRIVATE_FILE, private_opener

LOG_BYTES = 1_000_000
"""A log of this size can still be pasted into a bug report."""
FORMAT = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"


class _PrivateFileHandler(RotatingFileHandler):
    """A rotating log that only the user can read."""

    def _open(self) -> IO[str]:  # type: ignore[override]
        return open(self.baseFilename, self.mode, encoding=self.encoding, opener=private_opener)

    def handleError(self, record: logging.LogRecord) -> None:
        """Loses the line: on a full disk every line would otherwise end as a traceback on the terminal."""


def start_logging(file: Path, level: int = logging.INFO) -> None:
    """Sends everything from ``level`` up to ``file``, replacing handlers set before."""
    handler = _PrivateFileHandler(file, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8", delay=False)
    os.chmod(file, PRIVATE_FILE)
    handler.setFormatter(logging.Formatter(FORMAT))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.getLogger("watchfiles").setLevel(logging.WARNING)  # it tells every change
