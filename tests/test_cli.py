"""The command line, as scripts use it: JSON, exit codes, one sentence for bad input."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lookalike.__main__ import main
from lookalike.config.paths import Profile
from tests.pictures import picture, save_photo, save_photos


class Command:
    """Runs commands on one profile and keeps what they print."""

    def __init__(self, profile_dir: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.profile_dir, self._capfd = profile_dir, capfd

    def __call__(self, *arguments: object) -> tuple[int, str, str]:
        """Returns exit code, standard output and standard error."""
        self._capfd.readouterr()
        try:
            code = main(["--profile-dir", str(self.profile_dir), *map(str, arguments)])
        except SystemExit as ending:
            code = int(ending.code or 0)
        out, err = self._capfd.readouterr()
        return code, out, err

    def json(self, *arguments: object) -> dict[str, Any]:
        """Returns the JSON of a command that worked."""
        code, out, err = self(*arguments, "--json")
        assert code == 0, err
        answer: dict[str, Any] = json.loads(out)
        return answer


@pytest.fixture
def command(profile_dir: Path, capfd: pytest.CaptureFixture[str]) -> Command:
    """Commands on a fresh profile."""
    return Command(profile_dir, capfd)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with six photos, the last a small copy of the first."""
    folder = tmp_path / "photos"
    save_photos(folder, range(5))
    picture(0).resize((240, 160)).save(folder / "small.jpg", quality=70)
    return folder


def test_index_counts_what_it_did_and_a_second_run_has_nothing_to_do(command: Command, photos: Path) -> None:
    (photos / "broken.jpg").write_text("no photo")
    first = command.json("index", photos)
    assert {key: first[key] for key in ("found", "embedded", "unchanged", "moved")} == {
        "found": 7,
        "embedded": 6,
        "unchanged": 0,
        "moved": 0,
    }
    assert [os.path.basename(each["path"]) for each in first["skipped"]] == ["broken.jpg"]
    assert first["photos_per_second"] > 0
    second = command.json("index", photos)
    assert (second["embedded"], second["unchanged"]) == (0, 6)


def test_similar_ranks_and_leaves_the_query_out(command: Command, photos: Path) -> None:
    command.json("index", photos)
    answer = command.json("similar", photos / "small.jpg", "-n", 3)
    assert answer["query"] == str(photos / "small.jpg")
    assert len(answer["results"]) == 3
    assert answer["results"][0]["path"] == str(photos / "photo-00000.jpg")
    scores = [row["score"] for row in answer["results"]]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert command.json("similar", photos / "small.jpg", "--threshold", "1.0")["results"] == []


def test_options_stand_before_or_after_the_command(photos: Path, profile_dir: Path, command: Command) -> None:
    command.json("index", photos)
    for arguments in (
        ["--json", "--profile-dir", profile_dir, "similar", photos / "small.jpg"],
        ["similar", "--json", photos / "small.jpg", "--profile-dir", profile_dir],
        ["--profile-dir", profile_dir, "similar", photos / "small.jpg", "--json"],
    ):
        result = subprocess.run(
            [sys.executable, "-m", "lookalike", *map(str, arguments)], capture_output=True, check=True
        )
        assert json.loads(result.stdout)["results"][0]["path"].endswith("photo-00000.jpg")
        assert result.stderr == b""


def test_seal_makes_a_segment_and_status_and_verify_count_it(command: Command, photos: Path) -> None:
    command.json("index", photos, "--seal")
    status = command.json("status")
    assert (status["photos"], status["segments"], status["tail"]) == (6, 1, 0)
    assert status["folders"] == [{"path": str(photos), "state": "online", "photos": 6}]
    verified = command.json("verify")
    assert verified == {"ok": True, "photos": 6, "embeddings": 6, "segments": 1, "tail": 0, "problems": []}


def test_a_damaged_segment_is_named_and_rebuilt(command: Command, photos: Path, profile_dir: Path) -> None:
    command.json("index", photos, "--seal")
    (segment,) = Profile.at(profile_dir).index.glob("*.hnsw")
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    code, out, _ = command("verify", "--json")
    found = json.loads(out)
    assert code == 1
    assert not found["ok"]
    assert segment.name in " ".join(found["problems"])
    assert command.json("similar", photos / "small.jpg")["results"][0]["path"].endswith("photo-00000.jpg")
    assert command.json("verify", "--rebuild")["ok"]
    assert command.json("verify")["segments"] == 1


def test_verify_tells_files_that_changed_or_went(command: Command, photos: Path) -> None:
    command.json("index", photos)
    (photos / "small.jpg").unlink()
    save_photo(photos / "photo-00001.jpg", 99)
    code, out, _ = command("verify", "--json")
    problems = " ".join(json.loads(out)["problems"])
    assert code == 1
    assert "small.jpg" in problems
    assert "photo-00001.jpg" in problems


def test_a_name_that_is_not_utf8_survives_json(command: Command, photos: Path) -> None:
    odd = os.fsencode(photos) + b"/caf\xe9.jpg"
    os.rename(photos / "small.jpg", odd)
    command.json("index", photos)
    answer = command.json("similar", os.fsdecode(odd))
    assert os.fsencode(answer["query"]) == odd
    other = command.json("similar", photos / "photo-00000.jpg")
    assert os.fsencode(other["results"][0]["path"]) == odd


def test_people_get_text(command: Command, photos: Path) -> None:
    code, out, err = command("index", photos)
    assert (code, err) == (0, "")
    assert "6 photos found: 6 new" in out
    _, out, _ = command("similar", photos / "small.jpg")
    assert out.splitlines()[0].endswith("photo-00000.jpg")
    assert "%" in out.splitlines()[0]
    assert "All is well" in command("verify")[1]
    assert "6 photos, online" in command("status")[1]


@pytest.mark.parametrize(
    "arguments",
    [
        ["index", "{tmp}/absent"],
        ["index", "{photos}/small.jpg"],
        ["index", "{profile}/data"],
        ["similar", "{tmp}/absent.jpg"],
        ["similar", "{photos}"],
        ["similar", "{text}"],
        ["similar", "{photos}/small.jpg", "-n", "0"],
        ["similar", "{photos}/small.jpg", "--threshold", "2"],
        ["similar"],
        ["unknown"],
    ],
    ids=" ".join,
)
def test_bad_input_gets_one_sentence_and_exit_code_2(
    command: Command, photos: Path, tmp_path: Path, arguments: list[str]
) -> None:
    text = tmp_path / "text.jpg"
    text.write_text("no photo")
    command.json("index", photos)
    places = {"tmp": tmp_path, "photos": photos, "text": text, "profile": command.profile_dir}
    code, out, err = command(*(each.format(**places) for each in arguments))
    assert code == 2
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.endswith(".\n")
    assert "Traceback" not in err


def test_a_profile_without_a_library_is_named(command: Command, photos: Path) -> None:
    for arguments in (["similar", photos / "small.jpg"], ["status"], ["verify"], ["verify", "--rebuild"]):
        code, _, err = command(*arguments)
        assert code == 2
        assert "There is no library" in err
    assert not command.profile_dir.exists()


def test_a_catalog_from_a_newer_version_is_refused_in_words(command: Command, photos: Path) -> None:
    command.json("index", photos)
    with sqlite3.connect(Profile.at(command.profile_dir).catalog) as connection:
        connection.execute("PRAGMA user_version = 9999")
    connection.close()
    for arguments in (["index", photos], ["similar", photos / "small.jpg"], ["status"], ["verify"]):
        code, _, err = command(*arguments)
        assert code == 2
        assert "newer" in err


def test_a_damaged_catalog_is_set_aside_and_its_folders_read_again(command: Command, photos: Path) -> None:
    command.json("index", photos)
    catalog = Profile.at(command.profile_dir).catalog
    data = bytearray(catalog.read_bytes())
    data[:100] = b"x" * 100
    catalog.write_bytes(data)
    code, out, err = command("index", photos, "--json")
    assert code == 0
    assert json.loads(out)["embedded"] == 6
    assert "set aside" in err
    assert len(list(catalog.parent.glob("catalog.damaged-*"))) >= 1


def test_writing_commands_say_why_they_cannot_while_the_profile_is_open(
    command: Command, photos: Path
) -> None:
    from lookalike.config.assets import models_folder
    from lookalike.library.library import Library

    command.json("index", photos)
    library = Library(Profile.at(command.profile_dir), models_folder(), is_watching=False)
    library.open()
    try:
        for arguments in (["index", photos], ["verify", "--rebuild"]):
            code, _, err = command(*arguments)
            assert code == 2
            assert "open on this profile" in err
        assert command.json("similar", photos / "small.jpg")["results"]
        assert command.json("status")["photos"] == 6
        assert command.json("verify")["ok"]
    finally:
        library.close()


def test_everything_kept_is_private_to_the_user(command: Command, photos: Path) -> None:
    before = os.umask(0)
    try:
        command.json("index", photos, "--seal")
    finally:
        os.umask(before)
    kept = list(command.profile_dir.rglob("*"))
    assert len([each for each in kept if each.is_file()]) > 8
    for each in kept:
        assert each.stat().st_mode & 0o077 == 0, each


def test_photos_are_never_written_to(command: Command, photos: Path) -> None:
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in photos.iterdir()}
    command.json("index", photos, "--seal")
    command.json("similar", photos / "small.jpg")
    assert {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in photos.iterdir()} == before


def test_a_reader_that_goes_away_is_no_error(command: Command, photos: Path) -> None:
    command.json("index", photos)
    shell = f"{sys.executable} -m lookalike --profile-dir '{command.profile_dir}' status | true"
    result = subprocess.run(["bash", "-c", shell], capture_output=True, check=True)
    assert result.stderr == b""
    shutil.rmtree(photos)
    assert command.json("status")["folders"][0]["state"] == "offline"


def test_arguments_that_mean_nothing_are_refused_in_one_sentence(command: Command, photos: Path) -> None:
    command.json("index", photos)
    for arguments in (
        ["index", ""],
        ["similar", ""],
        ["similar", photos / "small.jpg", "-n", "abc"],
        ["similar", photos / "small.jpg", "--threshold", "much"],
        ["--profile-dir", "", "status"],
        ["index", photos, "nowhere"],
    ):
        code, out, err = command(*arguments)
        assert code == 2, arguments
        assert out == ""
        assert err.count("\n") == 1
        assert "_count" not in err
    assert command.json("status")["photos"] == 6


def test_folders_named_twice_or_inside_one_another_are_counted_once(command: Command, photos: Path) -> None:
    save_photo(photos / "inner" / "a.jpg", 7)
    (photos / "inner" / "broken.jpg").write_text("no photo")
    answer = command.json("index", photos, photos / "inner", f"{photos}/inner/..", f"{photos}/")
    assert (answer["found"], answer["embedded"], len(answer["skipped"])) == (8, 7, 1)
    again = command.json("index", photos / "inner", photos)
    assert (again["found"], again["unchanged"], len(again["skipped"])) == (8, 7, 1)


def test_names_that_the_terminal_cannot_show_are_printed_all_the_same(command: Command, photos: Path) -> None:
    (photos / "photo-00001.jpg").rename(photos / "“quoted”.jpg")
    command.json("index", photos)
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "lookalike",
            "--profile-dir",
            command.profile_dir,
            "similar",
            photos / "small.jpg",
        ],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        check=True,
    )
    assert rb"\u201cquoted\u201d.jpg" in result.stdout


def test_what_the_system_refuses_is_one_sentence(command: Command, photos: Path) -> None:
    command.json("index", photos)
    lock = Profile.at(command.profile_dir).lock
    lock.unlink()
    lock.mkdir()
    code, _, err = command("index", photos)
    assert code == 2
    assert err.count("\n") == 1
    lock.rmdir()
    log = Profile.at(command.profile_dir).log
    log.unlink()
    log.mkdir()
    code, _, err = command("index", photos)
    assert code == 2
    assert err.count("\n") == 1


def test_verify_holds_while_another_program_takes_photos_in(command: Command, photos: Path) -> None:
    from lookalike.catalog.catalog import Catalog
    from lookalike.config.assets import models_folder
    from lookalike.library import verify
    from lookalike.library.lookup import Lookup

    command.json("index", photos)
    profile = Profile.at(command.profile_dir)
    lookup = Lookup(profile, models_folder())
    check = verify._missing_embeddings

    def writes_meanwhile(catalog: Catalog, model_id: str) -> list[str]:
        save_photo(photos / "later.jpg", 40)
        command.json("index", photos)
        return check(catalog, model_id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verify, "_missing_embeddings", writes_meanwhile)
        found = lookup.verify()
    lookup.close()
    assert found.problems == ()
    assert found.embeddings == 6
