"""The model card for people: figures come from files, what was not measured stays a dash."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from models.card import (
    Evaluation,
    choose,
    experiments,
    goals,
    keep_evaluation,
    most_loss,
    quality,
    write_card,
)
from models.evaluate.protocol import Result
from models.evaluate.report import as_json, from_json
from models.evaluate.transforms import TRANSFORMS
from models.train.curves import MOST_LINES, draw_curves, keep_log, read_log, thin

TOML = """
[[run]]
name = "pilot"
recipe = "by hand"
views = 1000
figures = { recall_all = 0.5 }
note = "another protocol"

[[run]]
name = "first"
recipe = "resnet18.toml"
log = "first"
evaluation = "0a0a0a0a"
"""


def result(name: str, recall: float, **figures: float) -> Result:
    values = {"recall_all": recall, "average_precision": recall, "recall_99": recall, "band_error": 0.01}
    values |= {"nearest_class": 0.6, "class_at_5": 0.5, "cpu_ms": 12.0} | figures
    return Result(
        name, {each.name: (recall, recall) for each in TRANSFORMS}, bands=[(0.8, 0.5), (0.9, 0.99)], **values
    )


def evaluation(digits: str = "0a0a0a0a", recall: float = 0.875) -> str:
    rows = [
        result("float32", recall),
        result("int8", recall - 0.004, cpu_ms=3.0),
        result("pHash", 0.5),
        result("dHash", 0.625),
        Result("teacher", nearest_class=0.75, class_at_5=0.7),
    ]
    ids = [f"lookalike-resnet18-{digits}-f32", "lookalike-resnet18-0b0b0b0b-int8"]
    about = {"models": ids, "queries": 500, "library": 2000, "class_photos": 1074, "seed": 3, "seconds": 9}
    return as_json(rows, about)


def entry(views: int, **changes: float) -> dict[str, float]:
    part = views / 100_000
    values = {"views": views, "size": 64, "picked_right": 0.1 * part, "cosine": 1 - part / 2}
    return {**values, "pick": 10 - part, "neighbours": 5 - part, **changes}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder laid out as ``models`` is, with one model file that was evaluated."""
    (tmp_path / "train/logs").mkdir(parents=True)
    (tmp_path / "train/experiments.toml").write_text(TOML)
    (tmp_path / "train/resnet18.toml").write_text(
        "batch = 128\n[[stages]]\nsize = 64\nviews = 1_000_000\nrate = [0.1, 0.04]\n"
    )
    (tmp_path / "train/logs/first.jsonl").write_text(
        "".join(json.dumps(entry(views)) + "\n" for views in (10_000, 20_000, 30_000))
    )
    card = {
        "id": "lookalike-resnet18-0a0a0a0a-f32",
        "file": "lookalike.onnx",
        "input_px": 128,
        "default": True,
    }
    (tmp_path / "lookalike.json").write_text(json.dumps({**card, "about": {"training_views": 4321}}))
    (tmp_path / "lookalike.onnx").write_bytes(bytes(2_500_000))
    (tmp_path / "evaluation.txt").write_text(evaluation())
    keep_evaluation(tmp_path / "evaluation.txt", tmp_path)
    return tmp_path


def test_results_come_back_from_json_as_they_were() -> None:
    results, about = from_json(evaluation())
    assert about["queries"] == 500
    assert results[0] == result("float32", 0.875)
    assert math.isnan(results[-1].average_precision)
    assert (results[-1].recall, results[-1].bands) == ({}, [])


def test_a_kept_evaluation_is_named_after_its_model_and_says_the_same(models: Path) -> None:
    file = models / "evaluate/results/0a0a0a0a.json"
    assert json.loads(file.read_text()) == json.loads(evaluation())
    assert len(file.read_text().splitlines()) == 7


def test_the_card_shows_files_figures_experiments_and_curves(models: Path) -> None:
    write_card(models)
    text = (models / "README.md").read_text()
    assert (
        "| **lookalike.onnx** (default) | `lookalike-resnet18-0a0a0a0a-f32` | 2.5 MB | 128 px | 4,321 views |"
        in text
    )
    assert "| 1 | 64 px | 1,000,000 | 0.1 → 0.04 |" in text
    assert "| **µAP, all copies** | 87.5 | 87.1 | 50.0 | 62.5 | – |" in text
    assert "earlier state" not in text
    assert "![Training curves](train/logs/curves.svg)" in text
    assert (models / "train/logs/curves.svg").exists()
    assert "Contact sheet" not in text
    for command in (
        "make train",
        "models.export ",
        "models.evaluate ",
        "models.evaluate.sheet",
        "models.card ",
    ):
        assert command in text.split("## Making all this again")[1]


def test_the_same_files_give_the_same_card(models: Path) -> None:
    write_card(models)
    first = (models / "README.md").read_bytes()
    write_card(models)
    assert (models / "README.md").read_bytes() == first


def test_the_card_shows_a_contact_sheet_where_there_is_one(models: Path) -> None:
    (models / "sheet.png").write_bytes(b"")
    write_card(models)
    assert "![Contact sheet](sheet.png)" in (models / "README.md").read_text()


def test_figures_of_another_file_are_named_as_such() -> None:
    runs = [{"name": "first", "evaluation": "0a0a0a0a", "views": 220_000}]
    text = quality(Evaluation.read(evaluation()), [{"id": "lookalike-resnet18-ffffffff-f32"}], runs)
    assert "Measured on `lookalike-resnet18-0a0a0a0a-f32`" in text
    assert (
        "earlier state, about 220,000 training views.** Not evaluated: `lookalike-resnet18-ffffffff-f32`"
        in text
    )
    assert "**These figures are of an earlier state.**" in quality(Evaluation.read(evaluation()), [], [])


def test_nothing_measured_gives_no_figures(models: Path) -> None:
    for file in (models / "evaluate/results/0a0a0a0a.json", models / "lookalike.json"):
        file.unlink()
    write_card(models)
    text = (models / "README.md").read_text()
    assert "Nothing has been measured yet." in text
    assert "No model file lies here yet." in text
    assert not re.search(r"\d\d\.\d %|reached|not yet", text)
    assert "| first | resnet18.toml | 30,000 | – | – | – | – | – |  |" in text


def test_the_evaluation_of_the_files_at_hand_goes_before_the_latest() -> None:
    both = {name: Evaluation.read(evaluation(name)) for name in ("0a0a0a0a", "0c0c0c0c")}
    both["0c0c0c0c"].about["models"] = ["lookalike-resnet18-0c0c0c0c-f32"]
    runs = [{"evaluation": "0a0a0a0a"}, {"evaluation": "0c0c0c0c"}, {"evaluation": "not kept"}]
    own = choose([{"id": "lookalike-resnet18-0a0a0a0a-f32"}], both, runs)
    assert own is not None
    assert own.name == "0a0a0a0a"
    latest = choose([{"id": "another"}], both, runs)
    assert latest is not None
    assert latest.name == "0c0c0c0c"
    assert choose([], both, [{"name": "no evaluation"}]) is None


def test_experiments_take_figures_from_evaluations_and_views_from_logs() -> None:
    runs = [
        {"name": "a", "recipe": "by hand", "views": 1000, "figures": {"recall_all": 0.5}, "note": "other"},
        {"name": "b", "recipe": "b.toml", "log": "b", "evaluation": "0a0a0a0a"},
        {"name": "c", "recipe": "c.toml", "evaluation": "missing"},
    ]
    text = experiments(runs, {"0a0a0a0a": Evaluation.read(evaluation())}, {"b": [entry(10), entry(30_000)]})
    assert text.splitlines()[-3:] == [
        "| a | by hand | 1,000 | 50.0 | – | – | – | – | other |",
        "| b | b.toml | 30,000 | 87.5 | 87.5 | 87.5 | 87.5 | 60.0 |  |",
        "| c | c.toml | – | – | – | – | – | – |  |",
    ]


def test_goals_say_what_is_reached() -> None:
    lines = goals(Evaluation.read(evaluation()).results).splitlines()[2:]
    verdicts = {line.split(" | ")[0][2:]: line.split(" | ")[2:] for line in lines}
    assert verdicts["recall at 1 over all copies"] == ["87.5%", "not yet |"]
    assert verdicts["µAP above the better hash"] == ["25.0%", "reached |"]
    assert verdicts["nearest neighbour by class, of the teacher's"] == ["80.0%", "not yet |"]
    assert verdicts["int8 times faster per photo, preprocessing included"] == ["4.0", "reached |"]
    assert verdicts["int8's largest loss on any line"] == ["0.4 points", "reached |"]


def test_the_largest_loss_is_of_the_worst_single_line() -> None:
    worse = result("int8", 0.9)
    worse.recall["crop"] = (0.9, 0.85)
    assert most_loss(result("float32", 0.9), worse) == pytest.approx(0.05)


def test_a_log_is_thinned_to_its_ends_and_an_even_rest() -> None:
    entries = [entry(views) for views in range(1000, 1_001_000, 1000)]
    kept = thin(entries)
    assert len(kept) == MOST_LINES
    assert (kept[0], kept[-1]) == (entries[0], entries[-1])
    steps = np.diff([each["views"] for each in kept])
    assert steps.min() >= 5000
    assert steps.max() <= 6000
    assert thin(entries[:7]) == entries[:7]


def test_a_resumed_log_counts_its_later_lines_and_leaves_a_cut_one_out(tmp_path: Path) -> None:
    lines = [entry(1000), entry(2000, pick=7), entry(3000, pick=7), entry(2000, pick=6), entry(3000, pick=5)]
    file = tmp_path / "log.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines) + '\n{"views": 40')
    assert read_log(file) == [entry(1000), entry(2000, pick=6), entry(3000, pick=5)]
    keep_log(file, tmp_path / "kept" / "run.jsonl")
    assert read_log(tmp_path / "kept" / "run.jsonl") == read_log(file)


def test_curves_are_one_line_per_run_inside_each_panel() -> None:
    runs = {"one": [entry(v) for v in (1000, 50_000, 90_000)], "two <b>": [entry(95_000)], "empty": []}
    drawing = ElementTree.fromstring(draw_curves(runs))
    tags = [element.tag.rpartition("}")[2] for element in drawing.iter()]
    assert tags.count("polyline") == 4 * 2
    words = [element.text for element in drawing.iter() if element.text]
    assert "two <b>" in words
    assert "empty" not in words
    for line in (element for element in drawing.iter() if element.tag.endswith("polyline")):
        for point in line.attrib["points"].split():
            across, down = map(float, point.split(","))
            assert 44 <= across <= 320
            assert 26 <= down <= 160


def test_curves_that_do_not_change_can_be_drawn() -> None:
    flat = [entry(views, picked_right=0.0, cosine=1.0, pick=3.0, neighbours=2.0) for views in (1000, 2000)]
    assert draw_curves({"flat": flat}).count("<polyline") == 4
    assert "<svg" in draw_curves({})
