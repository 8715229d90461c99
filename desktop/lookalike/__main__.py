"""Where Lookalike starts: reads the arguments and picks the window or a command; the only composition root."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from lookalike import __version__
from lookalike.config.paths import Profile
from lookalike.core.errors import LookalikeError

BAD_INPUT = 2
"""Exit code for anything the user can put right."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage above it."""

    def error(self, message: str) -> NoReturn:
        self.exit(
            BAD_INPUT, f"{self.prog}: {message[:1].upper()}{message[1:]}. “{self.prog} --help” tells more.\n"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; without a command, the window.

    Returns:
        0 when it worked, 1 when a check found problems, 2 for input that cannot be used.
    """
    # Before numpy is loaded: one query's products are too small to share, and idle threads only take memory.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(
            stream, io.TextIOWrapper
        ):  # a name that the terminal's encoding lacks is no reason to stop
            stream.reconfigure(errors="backslashreplace")
    options = make_parser().parse_args(arguments)
    profile = Profile.at(options.profile_dir) if options.profile_dir else Profile.default()
    try:
        if options.command is None:
            from lookalike.ui.app import run_window  # Qt is loaded only for a window

            return run_window(profile, add_folders=[os.fsencode(path) for path in options.add_folder])
        from lookalike import cli  # decoder processes import this module too, and need none of that

        code = cli.COMMANDS[options.command](profile, options)
        sys.stdout.flush()  # here a reader that went away is still no error
        return code
    except LookalikeError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("Stopped; what was done is kept.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output went away, as with "| head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"This could not be done: {_in_words(error)}.", file=sys.stderr)
        return BAD_INPUT


def _in_words(error: OSError) -> str:
    """Returns what the system says, with the file it is about."""
    reason = (error.strerror or str(error) or "unknown reason").lower()
    if error.filename is None:
        return reason
    return f"{reason}, “{os.fsdecode(error.filename)}”"


def main_gui() -> int:
    """Starts the window; what the GUI script calls."""
    return main()


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of all arguments."""
    parser = _Parser(
        prog="lookalike",
        parents=[_common()],
        description="Finds the look-alikes of a photo among the photos on this computer.",
    )
    parser.set_defaults(profile_dir=None, json=False)  # of this parser alone: a command's would override it
    parser.add_argument("--version", action="version", version=f"lookalike {__version__}")
    parser.add_argument(
        "--add-folder",
        action="append",
        default=[],
        metavar="FOLDER",
        help="open the window and watch this folder",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    index = commands.add_parser(
        "index", parents=[_common()], help="watch folders and take in their photos now"
    )
    index.add_argument("folders", nargs="+", metavar="FOLDER")
    index.add_argument(
        "--seal", action="store_true", help="write new embeddings into an index segment at once"
    )

    similar = commands.add_parser("similar", parents=[_common()], help="list the look-alikes of a photo")
    similar.add_argument("photo", metavar="PHOTO")
    similar.add_argument("-n", "--limit", type=_count, default=20, metavar="N", help="list at most N (20)")
    similar.add_argument("--threshold", type=_score, default=0.0, metavar="S", help="least score, 0 to 1 (0)")

    commands.add_parser("status", parents=[_common()], help="show folders, model and counts")

    verify = commands.add_parser(
        "verify", parents=[_common()], help="check catalog, index and files against one another"
    )
    verify.add_argument(
        "--rebuild", action="store_true", help="rebuild damaged parts of the index from the catalog"
    )
    return parser


def _common() -> _Parser:
    """Returns the options that stand before or after the command, absent where not given; new for each parser."""
    common = _Parser(add_help=False)
    common.add_argument(
        "--profile-dir",
        type=_folder,
        default=argparse.SUPPRESS,
        metavar="FOLDER",
        help="keep everything here instead of in your user folders",
    )
    common.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print JSON for scripts"
    )
    return common


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("the name of the folder is empty")
    return Path(text)


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"“{text}” is not a whole number") from error
    if number < 1:
        raise argparse.ArgumentTypeError("the number must be at least 1")
    return number


def _score(text: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"“{text}” is not a number") from error
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError("the threshold must lie between 0 and 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
