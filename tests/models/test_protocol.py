"""The protocol on a made-up training folder: who hides where, what is reproducible, what comes out."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageChops

from models.evaluate.measures import isotonic
from models.evaluate.photos import Lists, read_photos, sample
from models.evaluate.protocol import bands, evaluate, load
from models.evaluate.report import as_json, table
from models.evaluate.sheet import collect, draw
from models.evaluate.transforms import TRANSFORMS, copies

TRAINED, MIXED, PER_CLASS = 10, 24, 6


class Pixels:
    """Describes a photo by its own pixels at 8 × 8: knows recompression, cannot know a mirror."""

    name = "pixels"

    def describe(self, photos: list[Image.Image]) -> NDArray[np.float32]:
        rows = np.stack([np.asarray(photo.resize((8, 8)), np.float32).ravel() for photo in photos])
        rows -= rows.mean(1, keepdims=True)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def photo(seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (5, 6, 3), np.uint8)).resize(
        (192, 160), Image.Resampling.BICUBIC
    )
    grain = rng.integers(-6, 7, (160, 192, 3))
    return Image.fromarray(np.clip(np.asarray(coarse) + grain, 0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training folder: 10 photos to train on, 24 held out of the same kinds, two classes held out whole."""
    folder = tmp_path_factory.mktemp("training")
    rows = [("-" if i % 2 else "cat", i < TRAINED) for i in range(TRAINED + MIXED)]
    rows += [(name, False) for name in ("emu", "lamp") for _ in range(PER_CLASS)]
    names = [f"kind/{i:03}.png" for i in range(len(rows))]
    (folder / "names.txt").write_text("\n".join(names) + "\n")
    (folder / "labels.txt").write_text("\n".join(label for label, _ in rows) + "\n")
    (folder / "held_out.txt").write_text(
        "".join(f"{name}\n" for name, (_, used) in zip(names, rows, strict=True) if not used)
    )
    for number in (0, 1):
        with tarfile.open(folder / f"photos-{number}.tar", "w") as tar:
            for i, name in enumerate(names):
                if i % 2 == number:
                    data = io.BytesIO()
                    photo(i).save(data, "PNG")
                    member = tarfile.TarInfo(f"./{name}")
                    member.size = data.tell()
                    tar.addfile(member, io.BytesIO(data.getvalue()))
    teacher = np.random.default_rng(0).standard_normal((len(rows), 8)) * 0.1
    for i, (label, _) in enumerate(rows):
        teacher[i, {"emu": 0, "lamp": 1}.get(label, 2)] = 1
    np.save(
        folder / "teacher.npy", (teacher / np.linalg.norm(teacher, axis=1, keepdims=True)).astype(np.float16)
    )
    return folder


def test_photos_hide_among_held_out_photos_of_trained_kinds(source: Path) -> None:
    photos = load(source, seed=1, queries=5, limit=None)
    assert len(photos.library) == MIXED
    assert [list(np.asarray(p)[0, 0]) for p in photos.library] == [
        list(np.asarray(photo(TRAINED + i))[0, 0]) for i in range(MIXED)
    ]
    assert len(set(photos.queries.tolist())) == 5
    assert sorted(set(photos.labels.tolist())) == ["emu", "lamp"]
    assert len(photos.classes) == len(photos.teacher) == 2 * PER_CLASS


def test_unseen_classes_are_those_without_a_training_photo(source: Path) -> None:
    assert Lists.read(source).unseen_classes() == {"emu", "lamp"}


def test_calibration_photos_are_not_held_out(source: Path) -> None:
    def corner(image: Image.Image) -> bytes:
        return image.tobytes()

    trained = {corner(photo(i)) for i in range(TRAINED)}
    assert {corner(p) for p in sample(source, 99, is_held_out=False)} == trained
    assert not {corner(p) for p in sample(source, 99, is_held_out=True)} & trained


def test_a_photo_in_no_archive_is_named(source: Path) -> None:
    with pytest.raises(FileNotFoundError, match="kind/none"):
        read_photos(source, ["kind/none.png", "kind/001.png"])


def test_the_whole_protocol_gives_the_same_figures_twice(source: Path) -> None:
    photos = load(source, seed=1, queries=8, limit=None)
    first, teacher = evaluate([Pixels()], photos, seed=1)
    again, _ = evaluate([Pixels()], load(source, seed=1, queries=8, limit=None), seed=1)
    assert first.recall == again.recall
    assert first.average_precision == again.average_precision
    assert first.bands == again.bands
    assert set(first.recall) == {transform.name for transform in TRANSFORMS}
    assert first.recall["JPEG"] == (1.0, 1.0)
    assert first.recall["mirror"][0] < 0.5
    assert first.recall_all == pytest.approx(np.mean(list(first.recall.values())))
    assert 0.5 < first.average_precision < 1
    assert teacher.nearest_class == 1.0
    assert np.isnan(teacher.average_precision)


def test_the_table_and_the_json_hold_every_line(source: Path) -> None:
    results = evaluate([Pixels()], load(source, seed=1, queries=4, limit=10), seed=1)
    text = table(results, "header")
    for transform in TRANSFORMS:
        assert f"| {transform.name}: {transform.mild} / {transform.strong} |" in text
    for line in text.splitlines():
        assert line.count("|") in (0, 4)
    figures = json.loads(as_json(results, {"seed": 1}))
    assert figures["seed"] == 1
    assert figures["results"][1]["average_precision"] is None
    assert figures["results"][0]["recall"]["JPEG"] == [1.0, 1.0]


def test_bands_rise_and_come_from_wrong_and_right_neighbours() -> None:
    rng = np.random.default_rng(1)
    right, wrong = rng.normal(0.8, 0.1, 4000), rng.normal(0.5, 0.1, 4000)
    found, error = bands(right, wrong, np.arange(4000) // 8, seed=1)
    scores, chances = zip(*found, strict=True)
    assert list(scores) == sorted(scores)
    assert chances[-1] == 0.99
    half = dict(zip(chances, scores, strict=True))[0.5]
    # Both kinds are equally frequent near the middle, a little higher as the better of two scores counts.
    assert 0.62 < half < 0.7
    assert error < 0.03


def test_bands_of_a_useless_score_promise_nothing() -> None:
    rng = np.random.default_rng(2)
    found, _ = bands(rng.normal(0.5, 0.1, 4000), rng.normal(0.5, 0.1, 4000), np.arange(4000), seed=1)
    assert not [chance for score, chance in found if chance >= 0.75 and score < 0.75]


def test_a_staircase_needs_no_order(source: Path) -> None:
    edges, chances = isotonic(np.array([0.9, 0.1]), np.array([1.0, 0.0]))
    assert (edges.tolist(), chances.tolist()) == ([0.1, 0.9], [0.0, 1.0])


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda transform: transform.name)
def test_every_copy_is_changed_fixed_by_its_seed_and_apart_from_other_copies(transform: object) -> None:
    originals = [photo(i) for i in range(3)]
    others = [photo(50), photo(51)]
    made = []
    for strength in (0, 1):
        results = copies(originals, others, transform, strength, seed=9)  # type: ignore[arg-type]
        again = copies(originals[:2], others, transform, strength, seed=9)  # type: ignore[arg-type]
        assert [r.tobytes() for r in results[:2]] == [r.tobytes() for r in again]
        for result, original in zip(results, originals, strict=True):
            assert result.mode == "RGB"
            assert result.size != original.size or ImageChops.difference(result, original).getbbox()
        made.append(results)
    assert made[0][0].tobytes() != made[1][0].tobytes()
    assert originals[0].tobytes() == photo(0).tobytes()


def test_the_sheet_shows_best_neighbours_first_and_never_the_query(source: Path) -> None:
    photos = [Image.new("RGB", (50, 50), (60 * i, 0, 0)) for i in range(4)]
    scores = np.array([[1, 0.2, 0.9, 0.5]] * 4, np.float32)
    sheet = draw(photos, scores, [0], neighbours=3)
    shades = [sheet.getpixel((x, 50))[0] for x in (50, 170, 270, 380)]  # type: ignore[index]
    assert shades == [0, 120, 180, 60]


def test_the_sheet_draws_on_held_out_photos_only(source: Path) -> None:
    assert len(collect(source)) == MIXED + 2 * PER_CLASS
