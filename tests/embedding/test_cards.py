"""Model cards and the store: what is read, what is refused and in which words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

from lookalike.core.errors import ModelError
from lookalike.embedding.card import ModelCard, ScoreBand
from lookalike.embedding.models import ModelStore

Write = Callable[..., ModelCard]
Graph = Callable[..., onnx.ModelProto]
DIM = 12


def test_a_card_gives_back_what_it_holds(write_model: Write, tiny_graph: Graph, tmp_path: Path) -> None:
    bands = [{"score": 0.8, "copy_probability": 0.9}, {"score": 0.5, "copy_probability": 0.1}]
    card = write_model(tiny_graph(), default=True, fallback="other", bands=bands)
    assert (card.model_id, card.file, card.input_px, card.dim) == ("tiny", tmp_path / "tiny.onnx", 16, DIM)
    assert (card.is_default, card.fallback_id, card.golden) == (True, "other", None)
    assert card.bands == (ScoreBand(0.5, 0.1), ScoreBand(0.8, 0.9))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dim": None}, "“dim” must be a whole number"),
        ({"dim": 0}, "“dim” must be a whole number"),
        ({"input_px": True}, "“input_px” must be a whole number"),
        ({"input_px": 100_000}, "“input_px” must be a whole number"),
        ({"sha256": "12"}, "64 hexadecimal digits"),
        ({"resize": "crop"}, "“resize” must be one of squash"),
        ({"file": "../tiny.onnx"}, "beside the card"),
        ({"id": ""}, "“id” must be a text"),
        ({"golden": {"vector": [1.0], "least_cosine": 0.9}}, "vector of 12 numbers"),
        ({"golden": {"vector": [1.0] * DIM}}, "“least_cosine” is missing"),
        ({"golden": 5}, "cannot be used"),
        ({"bands": [{"score": 1}]}, "“copy_probability” is missing"),
    ],
)
def test_a_wrong_value_is_refused_in_words(
    write_model: Write, tiny_graph: Graph, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        write_model(tiny_graph(), **changes)


@pytest.mark.parametrize("key", ["id", "file", "sha256", "input_px", "dim", "resize"])
def test_a_missing_value_is_named(write_model: Write, tiny_graph: Graph, tmp_path: Path, key: str) -> None:
    write_model(tiny_graph())
    raw = json.loads((tmp_path / "tiny.json").read_text())
    del raw[key]
    (tmp_path / "tiny.json").write_text(json.dumps(raw))
    with pytest.raises(ModelError, match=f"“{key}” is missing"):
        ModelCard.read(tmp_path / "tiny.json")


@pytest.mark.parametrize("text", ["", "[1, 2]", "{", "\x00\x01", '"card"', "null"])
def test_a_file_that_is_no_card_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "card.json").write_text(text)
    with pytest.raises(ModelError, match=r"card\.json"):
        ModelCard.read(tmp_path / "card.json")


def test_a_missing_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read: no such file"):
        ModelCard.read(tmp_path / "card.json")


def test_the_store_knows_shipped_and_added_models(
    write_model: Write, tiny_graph: Graph, tmp_path: Path
) -> None:
    write_model(tiny_graph(), "ours", tmp_path / "shipped", default=True)
    write_model(tiny_graph(), "mine", tmp_path / "added", default=True)
    store = ModelStore(tmp_path / "shipped", tmp_path / "added")
    assert [card.model_id for card in store.all()] == ["ours", "mine"]
    assert store.default().model_id == "ours"
    assert store.get("mine").file == tmp_path / "added" / "mine.onnx"


def test_an_added_card_cannot_take_a_shipped_models_place(
    write_model: Write, tiny_graph: Graph, tmp_path: Path
) -> None:
    write_model(tiny_graph(), "ours", tmp_path / "shipped", default=True)
    write_model(tiny_graph(), "fake", tmp_path / "added", id="ours")
    assert ModelStore(tmp_path / "shipped", tmp_path / "added").get("ours").file.name == "ours.onnx"


def test_a_broken_added_card_does_not_keep_others_from_working(
    write_model: Write, tiny_graph: Graph, tmp_path: Path
) -> None:
    write_model(tiny_graph(), "ours", tmp_path / "shipped", default=True)
    (tmp_path / "added").mkdir()
    (tmp_path / "added" / "broken.json").write_text("{")
    assert ModelStore(tmp_path / "shipped", tmp_path / "added").default().model_id == "ours"


def test_an_unknown_model_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model called “nobody”"):
        ModelStore(tmp_path, tmp_path).get("nobody")


def test_a_store_without_a_default_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="install Lookalike again"):
        ModelStore(tmp_path / "none", tmp_path).default()
