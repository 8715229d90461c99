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
SYSTEM_TYPES = frozenset(
    {
        "proc",
        "sysfs",
        "cgroup",
        "cgroup2",
        "debugfs",
        "tracefs",
        "securityfs",
        "configfs",
        "devtmpfs",
        "devpts",
        "mqueue",
        "bpf",
        "pstore",
        "efivarfs",
        "binfmt_misc",
        "fusectl",
        "autofs",
        "hugetlbfs",
    }
)
"""File systems that show the kernel and hold no photos; reading some of their files has effects."""
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


def system_mounts() -> tuple[Path, ...]:
    """Returns where file systems of :data:`SYSTEM_TYPES` are mounted, so that watching ``/`` leaves them out."""
    return tuple(Path(each.place) for each in _mounts() if each.kind in SYSTEM_TYPES)


def _mount(number: str) -> tuple[str, str] | None:
    """Returns file system type and source of the device ``major:minor``."""
    return next(((each.kind, each.source) for each in _mounts() if each.number == number), None)


@dataclass(frozen=True, slots=True)
class _Mount:
    number: str
    place: str
    kind: str
    source: str


def _mounts() -> list[_Mount]:
    """Reads Linux's mount table (proc(5)); empty elsewhere."""
    try:
        lines = _MOUNTINFO.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return []
    mounts = []
    for line in lines:
        before, _, after = line.partition(" - ")
        if after:
            fields = before.split(" ")
            kind, source = after.split(" ")[:2]
            mounts.append(_Mount(fields[2], _plain(fields[4]), kind, _plain(source)))
    return mounts


def _plain(text: str) -> str:
    """Undoes the octal escapes of the mount table."""
    return re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), text)


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
