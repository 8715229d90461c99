"""The headless commands: the same library code as the window, printed for people or as JSON for scripts.

Each command takes the profile and the parsed options and returns the exit code; errors of the user's go up as
LookalikeError and are printed by the caller.
"""

from __future__ import annotations

import argparse
import json
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lookalike.config.assets import models_folder
from lookalike.config.logs import start_logging
from lookalike.config.paths import Profile
from lookalike.core.errors import InputError, ProfileBusyError
from lookalike.core.records import FolderState, WatchedFolder
from lookalike.library.events import Event, NoticeRaised, WorkFailed
from lookalike.library.library import Library
from lookalike.library.lookup import Lookup
from lookalike.library.verify import Verification

PROBLEMS_FOUND = 1


def index(profile: Profile, options: argparse.Namespace) -> int:
    """``lookalike index FOLDER... [--seal]``: scans, ingests, prints counts and rate."""
    folders = [_absolute(folder, "a folder") for folder in options.folders]
    for path in folders:
        _check_folder(path)
    failures: list[str] = []
    with _writing(profile, "index folders", failures) as library:
        asked = {adding.result().folder_id for adding in [library.add_folder(folder) for folder in folders]}
        _wait_with_progress(library)
        if options.seal:
            library.seal()
        report = library.run_report()
        watched = library.folders()
    for folder in watched:
        if folder.state is FolderState.OFFLINE and folder.folder_id in asked:
            raise InputError(f"“{_show(folder.path)}” could not be taken in. {folder.reason}")
    code = PROBLEMS_FOUND if failures else 0
    per_second = report.embedded / report.seconds if report.seconds else 0.0
    if options.json:
        _print_json(
            {
                "found": report.found,
                "embedded": report.embedded,
                "unchanged": report.unchanged,
                "moved": report.moved,
                "skipped": [
                    {"path": os.fsdecode(each.path), "reason": each.reason} for each in report.skipped
                ],
                "photos_per_second": round(per_second, 2),
            }
        )
        return code
    print(
        f"{report.found} photos found: {report.embedded} new, {report.unchanged} unchanged, {report.moved} moved."
    )
    for each in report.skipped:
        print(f"Skipped {_show(each.path)}: {each.reason}")
    if report.embedded:
        print(f"{per_second:.1f} photos per second.")
    return code


def similar(profile: Profile, options: argparse.Namespace) -> int:
    """``lookalike similar PHOTO [-n N] [--threshold S]``: look-alikes, best first."""
    path = _absolute(options.photo, "a photo")
    _check_photo(path)
    with _reading(profile) as lookup:
        rows = lookup.find_similar(path, options.limit, options.threshold)
    if options.json:
        results = [{"path": os.fsdecode(row.photo.path), "score": round(row.score, 6)} for row in rows]
        _print_json({"query": os.fsdecode(path), "results": results})
        return 0
    for row in rows:
        print(f"{row.score * 100:5.1f} %  {_show(row.photo.path)}")
    if not rows:
        print("No look-alikes in the library.")
    return 0


def status(profile: Profile, options: argparse.Namespace) -> int:
    """``lookalike status``: folders with state and counts, model, photos, segments, tail."""
    with _reading(profile) as lookup:
        found = lookup.status()
    if options.json:
        _print_json(
            {
                "folders": [_folder_json(folder) for folder in found.folders],
                "model": found.model_id,
                "photos": found.photos,
                "embeddings": found.embeddings,
                "skipped": found.skipped,
                "segments": found.segments,
                "tail": found.tail,
                "cache_bytes": found.cache_bytes,
            }
        )
        return 0
    for folder in found.folders:
        print(f"{_show(folder.path)}: {folder.photos} photos, {folder.state.value}")
    print(f"Model: {found.model_id}")
    print(f"Photos: {found.photos} ({found.embeddings} different, {found.skipped} skipped)")
    print(f"Index: {found.segments} segments, {found.tail} embeddings in the tail")
    return 0


def verify(profile: Profile, options: argparse.Namespace) -> int:
    """``lookalike verify [--rebuild]``: checks catalog against index against files."""
    if options.rebuild:
        with _reading(profile):
            pass  # a profile without a library is refused before anything is made in it
        with _writing(profile, "rebuild the index") as library:
            library.seal()
    with _reading(profile) as lookup:
        found = lookup.verify()
    if options.json:
        _print_json(_verification_json(found))
    elif found.problems:
        print("\n".join(found.problems))
    else:
        print(
            f"All is well: {found.photos} photos, {found.embeddings} embeddings, {found.segments} segments."
        )
    return 0 if found.is_ok else PROBLEMS_FOUND


COMMANDS: dict[str, Callable[[Profile, argparse.Namespace], int]] = {
    "index": index,
    "similar": similar,
    "status": status,
    "verify": verify,
}
"""What runs each command."""


@contextmanager
def _writing(profile: Profile, purpose: str, failures: list[str] | None = None) -> Iterator[Library]:
    """Opens the library for writing; what fails on its threads is printed and added to ``failures``."""

    def tell(event: Event) -> None:
        if isinstance(event, (NoticeRaised, WorkFailed)) and event.text:
            print(event.text, file=sys.stderr)
            if failures is not None and isinstance(event, WorkFailed):
                failures.append(event.text)

    profile.prepare()
    start_logging(profile.log)
    library = Library(profile, models_folder(), is_watching=False)
    library.events.subscribe(tell)
    try:
        library.open()
    except ProfileBusyError as error:
        raise ProfileBusyError(
            f"Lookalike is open on this profile, so this command cannot {purpose}; close the window, or use it."
        ) from error
    try:
        yield library
    finally:
        library.close()


@contextmanager
def _reading(profile: Profile) -> Iterator[Lookup]:
    lookup = Lookup(profile, models_folder())
    try:
        yield lookup
    finally:
        lookup.close()


def _wait_with_progress(library: Library) -> None:
    """Waits until all is taken in; draws a bar on a terminal, stays silent elsewhere."""
    if not sys.stderr.isatty():
        library.wait_until_idle()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("Taking in photos"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        while not library.wait_until_idle(0.1):
            progress = library.indexing().progress
            bar.update(task, completed=progress.done, total=progress.total or None)


def _absolute(name: str, what: str) -> bytes:
    if not name:
        raise InputError(f"The name of {what} is empty.")
    return os.path.abspath(os.fsencode(name))


def _check_folder(path: bytes) -> None:
    """Refuses what cannot be indexed before anything is made or changed."""
    try:
        found = os.stat(path)
        if stat.S_ISDIR(found.st_mode):
            os.scandir(path).close()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"There is no folder “{_show(path)}”.") from error
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise InputError(f"The folder “{_show(path)}” cannot be opened: {reason}.") from error
    if not stat.S_ISDIR(found.st_mode):
        raise InputError(f"“{_show(path)}” is a file, not a folder.")


def _check_photo(path: bytes) -> None:
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"There is no file “{_show(path)}”.") from error
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise InputError(f"“{_show(path)}” cannot be opened: {reason}.") from error
    if stat.S_ISDIR(found.st_mode):
        raise InputError(f"“{_show(path)}” is a folder, not a photo.")


def _folder_json(folder: WatchedFolder) -> dict[str, Any]:
    return {"path": os.fsdecode(folder.path), "state": folder.state.value, "photos": folder.photos}


def _verification_json(found: Verification) -> dict[str, Any]:
    return {
        "ok": found.is_ok,
        "photos": found.photos,
        "embeddings": found.embeddings,
        "segments": found.segments,
        "tail": found.tail,
        "problems": list(found.problems),
    }


def _print_json(value: dict[str, Any]) -> None:
    print(json.dumps(value))


def _show(path: bytes) -> str:
    """Returns the path for people: bytes that are no UTF-8 are shown as replacement characters."""
    return path.decode("utf-8", "replace").replace("\n", "�")
