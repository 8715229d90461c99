"""What can go wrong in words a person can read; no thread of its own.

Everything here is the user's or the machine's trouble: one plain sentence that says what happened and, where
there is something to do, what to do. Our own mistakes stay ordinary exceptions and reach the log and the crash
dialog.
"""

from __future__ import annotations


class LookalikeError(Exception):
    """A trouble to be shown as it is; ``str(error)`` is one sentence for people."""


class InputError(LookalikeError):
    """What was asked cannot be done as asked: a missing path, a file that is not a photo, a wrong number."""


class PhotoUnreadableError(LookalikeError):
    """A photo could not be decoded; the sentence is the reason shown among the skipped files."""


class PhotoChangedError(PhotoUnreadableError):
    """The file changed while it was read; it wants another look once it has settled."""


class ProfileError(LookalikeError):
    """The profile cannot be used: not writable, not a profile, or from a newer version."""


class ProfileBusyError(ProfileError):
    """Another Lookalike is writing to this profile."""


class ModelError(LookalikeError):
    """A model file or its card cannot be used."""


class IndexDamagedError(LookalikeError):
    """A sealed segment is not what its sidecar says; the index can be rebuilt from the catalog."""


class Cancelled(Exception):
    """A cancel token was set; not an error and never shown as one."""
