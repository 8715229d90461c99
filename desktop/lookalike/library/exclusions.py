"""What is left out before anything is watched or read; pure rules over names, no thread of its own."""

from __future__ import annotations

import logging
import mimetypes
import os
import stat
from collections.abc import Iterable
from pathlib import Path

import pathspec

from lookalike.core.errors import InputError

log = logging.getLogger(__name__)

SYSTEM_FOLDERS = frozenset(
    {
        b"$recycle.bin",
        b"system volume information",
        b"@eadir",  # Synology's thumbnails
        b"#recycle",  # Synology's trash
        b"@recycle",  # QNAP's trash
        b"lost+found",
        b"__macosx",  # resource forks from unpacked archives
    }
)
"""Lower-case names of folders that hold no photos of the user's own; hidden folders are left out anyway."""

_WINDOWS_PLACEHOLDER = 0x1000 | 0x40000 | 0x400000
"""FILE_ATTRIBUTE_OFFLINE, RECALL_ON_OPEN, RECALL_ON_DATA_ACCESS: reading would download the file."""
_MACOS_DATALESS = 0x40000000
"""SF_DATALESS: the bytes are in a cloud."""


class Exclusions:
    """Answers what a scan and the watcher leave out.

    Args:
        patterns: The user's own, as in .gitignore, matched against paths relative to the watched folder.
        private: Folders never looked into wherever they lie: the profile's own.
    """

    def __init__(self, patterns: Iterable[str], private: Iterable[Path]) -> None:
        usable = []
        for pattern in patterns:
            try:
                check_patterns([pattern])
                usable.append(pattern)
            except InputError as error:
                log.warning("A pattern in the settings is left aside: %s", error)
        self._spec = pathspec.GitIgnoreSpec.from_lines(usable)
        self._private = frozenset(os.path.realpath(os.fsencode(folder)) for folder in private)

    def leaves_out_folder(self, root: bytes, path: bytes) -> bool:
        """Says whether the folder ``path`` below the watched folder ``root`` is left out."""
        name = os.path.basename(path)
        if name.startswith(b".") or name.lower() in SYSTEM_FOLDERS:
            return True
        if self._private and os.path.realpath(path) in self._private:
            return True
        return self._spec.match_file(_relative(root, path) + "/")

    def leaves_out_file(self, root: bytes, path: bytes) -> bool:
        """Says whether the file ``path`` below ``root`` is left out by its name."""
        return os.path.basename(path).startswith(b".") or self._spec.match_file(_relative(root, path))

    def leaves_out_tree(self, root: bytes, folder: bytes) -> bool:
        """Says whether ``folder``, or any folder between it and ``root``, is left out."""
        while len(folder) > len(root):
            if self.leaves_out_folder(root, folder):
                return True
            folder = os.path.dirname(folder)
        return False

    def leaves_out(self, root: bytes, path: bytes) -> bool:
        """Says whether the file ``path`` or any folder between it and ``root`` is left out."""
        return self.leaves_out_tree(root, os.path.dirname(path)) or self.leaves_out_file(root, path)


def check_patterns(patterns: Iterable[str]) -> None:
    """Sees whether the user's patterns can be understood.

    Raises:
        InputError: One cannot; the sentence names it.
    """
    for pattern in patterns:
        try:
            pathspec.GitIgnoreSpec.from_lines([pattern])
        except ValueError as error:
            raise InputError(f"“{pattern}” is no pattern that Lookalike understands.") from error


def is_private(folder: bytes, private: Iterable[Path]) -> bool:
    """Says whether ``folder`` is one of the ``private`` folders or lies inside one."""
    real = os.path.realpath(folder)
    for each in private:
        own = os.path.realpath(os.fsencode(each))
        if real == own or real.startswith(own + b"/"):
            return True
    return False


def is_placeholder(found: os.stat_result) -> bool:
    """Says whether the file's bytes are in a cloud and reading it would download them."""
    attributes = getattr(found, "st_file_attributes", 0)
    flags = getattr(found, "st_flags", 0)
    return bool(attributes & _WINDOWS_PLACEHOLDER) or bool(flags & _MACOS_DATALESS)


def may_be_photo_by_name(name: bytes) -> bool:
    """Says whether a file of this name and no photo suffix is worth a look at its first bytes.

    True for names without a suffix or with one that no registered type claims; a ``.mp4`` or ``.py`` is
    believed.
    """
    kind, _ = mimetypes.guess_type(os.fsdecode(name).encode("utf-8", "replace").decode())
    return kind is None or kind.startswith("image/")


def is_regular(found: os.stat_result) -> bool:
    """Says whether it is a plain file: no folder, link, FIFO, socket or device."""
    return stat.S_ISREG(found.st_mode)


def _relative(root: bytes, path: bytes) -> str:
    relative = path[len(root) :].lstrip(b"/")
    # A surrogate in a name would not survive pathspec's regular expressions on every platform.
    return relative.decode("utf-8", "replace")
