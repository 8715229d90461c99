"""Which volume a folder lies on, and whether it is a network mount; asked by the scanner, no thread of its own."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

NETWORK_TYPES = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "9p",
        "afs",
        "ceph",
        "fuse.sshfs",
        "fuse.rclone",
        "fuse.davfs",
        "davfs",
    }
)
"""File systems whose changes by other machines raise no local event."""
_MOUNTINFO = Path("/proc/self/mountinfo")
_BY_UUID = Path("/dev/disk/by-uuid")


@dataclass(frozen=True, slots=True)
class Volume:
    """A mounted file system.

    Attributes:
        identity: Stays the same when it is mounted again: its UUID where there is one, else its source.
        is_network: Changes may come from elsewhere without an event.
    """

    identity: str
    is_network: bool


def volume_of(folder: bytes) -> Volume:
    """Returns the volume that ``folder`` lies on.

    Raises:
        OSError: The folder cannot be reached.
    """
    device = os.stat(folder).st_dev
    number = f"{os.major(device)}:{os.minor(device)}" if hasattr(os, "major") else str(device)
    found = _mount(number)
    if found is None:
        return Volume(f"device {number}", False)
    kind, source = found
    return Volume(_uuid(source) or f"{kind} {source}", kind in NETWORK_TYPES)


def _mount(number: str) -> tuple[str, str] | None:
    """Returns file system type and source of the device ``major:minor``, from Linux's mount table (proc(5))."""
    try:
        lines = _MOUNTINFO.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    for line in lines:
        before, _, after = line.partition(" - ")
        if before.split(" ")[2] == number and after:
            kind, source = after.split(" ")[:2]
            return kind, re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), source)
    return None


def _uuid(source: str) -> str | None:
    if not source.startswith("/dev/"):
        return None
    try:
        for link in _BY_UUID.iterdir():
            if os.path.realpath(link) == os.path.realpath(source):
                return f"uuid {link.name}"
    except OSError:
        return None
    return None
