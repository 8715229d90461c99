"""Opening and running models: what is refused, in which words, and what comes out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from lookalike.core.errors import ModelError
from lookalike.embedding.card import ModelCard
from lookalike.embedding.golden import golden_picture
from lookalike.embedding.models import ModelStore
from lookalike.embedding.session import Embedder, working_card

Write = Callable[..., ModelCard]
Graph = Callable[..., onnx.ModelProto]
DIM = 12
SIDE = 16
SHIPPED = Path(__file__).parents[2] / "models"


def pictures(count: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)


def expected_golden() -> list[float]:
    quarters = golden_picture(SIDE).reshape(2, 8, 2, 8, 3).mean((1, 3)).transpose(2, 0, 1).ravel()
    return [float(v) for v in quarters / np.linalg.norm(quarters)]


def working(folder: Path) -> ModelCard:
    """Returns the card that serves where the default of ``folder`` is wanted."""
    store = ModelStore(folder, folder / "none")
    return working_card(store, store.default())


def test_embeds_quarters_in_input_order(write_model: Write, tiny_graph: Graph) -> None:
    pixels = pictures(5)
    rows = Embedder.open(write_model(tiny_graph()), 1).embed(pixels)
    wanted = pixels.reshape(5, 2, 8, 2, 8, 3).mean((2, 4)).transpose(0, 3, 1, 2).reshape(5, DIM)
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, wanted, atol=1e-5)


def test_rows_are_of_unit_length_to_float_precision(write_model: Write, tiny_graph: Graph) -> None:
    rows = Embedder.open(write_model(tiny_graph()), 2).embed(pictures(9))
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=2e-7)


def test_no_photos_give_no_rows(write_model: Write, tiny_graph: Graph) -> None:
    assert Embedder.open(write_model(tiny_graph()), 1).embed(pictures(0)).shape == (0, DIM)


def test_pixels_of_another_shape_or_type_are_the_callers_mistake(
    write_model: Write, tiny_graph: Graph
) -> None:
    embedder = Embedder.open(write_model(tiny_graph()), 1)
    with pytest.raises(ValueError, match="uint8"):
        embedder.embed(pictures(1).astype(np.float32))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="16, 16, 3"):
        embedder.embed(pictures(1)[:, :8])


def test_a_changed_file_is_refused(write_model: Write, tiny_graph: Graph) -> None:
    card = write_model(tiny_graph())
    data = bytearray(card.file.read_bytes())
    data[-20] ^= 1
    card.file.write_bytes(bytes(data))
    with pytest.raises(ModelError, match="is damaged or not the one"):
        Embedder.open(card, 1)


def test_a_missing_file_is_refused(write_model: Write, tiny_graph: Graph) -> None:
    card = write_model(tiny_graph())
    card.file.unlink()
    with pytest.raises(ModelError, match="no such file"):
        Embedder.open(card, 1)


def test_a_file_that_is_no_model_is_refused(write_model: Write) -> None:
    with pytest.raises(ModelError, match="cannot be opened"):
        Embedder.open(write_model(b"not a model at all"), 1)


@pytest.mark.parametrize(
    ("options", "changes", "words"),
    [
        ({"input_type": TensorProto.FLOAT}, {}, "8-bit RGB photos of 16 by 16"),
        ({}, {"input_px": 32}, "8-bit RGB photos of 32 by 32"),
        ({}, {"dim": 13}, "does not give 13 numbers"),
        ({"batch": 1}, {}, "any number"),
    ],
)
def test_a_model_that_does_not_fit_its_card_is_refused(
    write_model: Write, tiny_graph: Graph, options: dict[str, int], changes: dict[str, int], words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        Embedder.open(write_model(tiny_graph(**options), **changes), 1)


def test_a_wrong_length_hidden_behind_an_open_shape_is_refused_when_embedding(
    write_model: Write, tiny_graph: Graph
) -> None:
    embedder = Embedder.open(write_model(tiny_graph(kept=11)), 1)
    with pytest.raises(ModelError, match="12 numbers"):
        embedder.embed(pictures(1))


def test_values_that_are_no_numbers_are_refused(write_model: Write, tiny_graph: Graph) -> None:
    embedder = Embedder.open(write_model(tiny_graph(scale=float("nan"))), 1)
    with pytest.raises(ModelError, match="no numbers"):
        embedder.embed(pictures(2))


def test_vectors_not_of_unit_length_are_refused(write_model: Write, tiny_graph: Graph) -> None:
    with pytest.raises(ModelError, match="unit length"):
        Embedder.open(write_model(tiny_graph(unit=False)), 1).embed(pictures(2))
    with pytest.raises(ModelError, match="unit length"):  # all zeros
        Embedder.open(write_model(tiny_graph(unit=False, scale=0.0), "zero"), 1).embed(pictures(2))


def test_weights_in_another_file_are_never_read(
    write_model: Write, tiny_graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = tiny_graph()
    weight = graph.graph.initializer[0]
    (tmp_path / "weights.bin").write_bytes(weight.raw_data)
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    entry = weight.external_data.add()
    entry.key, entry.value = "location", "weights.bin"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="cannot be opened"):
        Embedder.open(write_model(graph), 1)


def test_an_error_is_one_line_for_people(write_model: Write, tiny_graph: Graph) -> None:
    graph = tiny_graph()
    graph.graph.node.append(helper.make_node("Mystery", ["flat"], ["nothing"], domain="elsewhere"))
    with pytest.raises(ModelError) as error:
        Embedder.open(write_model(graph), 1)
    assert "\n" not in str(error.value)


def test_the_golden_picture_is_compared_with_the_card(write_model: Write, tiny_graph: Graph) -> None:
    right = {"vector": expected_golden(), "least_cosine": 0.9999}
    assert Embedder.open(write_model(tiny_graph(), golden=right), 1).matches_golden()
    wrong = {**right, "vector": [-v if i < 2 else v for i, v in enumerate(right["vector"])]}
    assert not Embedder.open(write_model(tiny_graph(), "other", golden=wrong), 1).matches_golden()
    broken = tiny_graph(scale=float("nan"))
    assert not Embedder.open(write_model(broken, "broken", golden=right), 1).matches_golden()


def test_the_fallback_serves_where_the_default_computes_wrongly(
    write_model: Write, tiny_graph: Graph, tmp_path: Path
) -> None:
    golden = {"vector": expected_golden(), "least_cosine": 0.9999}
    write_model(tiny_graph(), "float", golden=golden)
    saturated = {"vector": [1.0] + [0.0] * (DIM - 1), "least_cosine": 0.995}
    write_model(tiny_graph(), "small", golden=saturated, default=True, fallback="float")
    assert working(tmp_path).model_id == "float"


def test_a_default_that_computes_rightly_serves_itself(
    write_model: Write, tiny_graph: Graph, tmp_path: Path
) -> None:
    golden = {"vector": expected_golden(), "least_cosine": 0.9999}
    write_model(tiny_graph(), "float", golden=golden)
    write_model(tiny_graph(), "small", golden=golden, default=True, fallback="float")
    assert working(tmp_path).model_id == "small"


def test_no_model_serves_where_both_compute_wrongly(
    write_model: Write, tiny_graph: Graph, tmp_path: Path
) -> None:
    golden = {"vector": [1.0] + [0.0] * (DIM - 1), "least_cosine": 0.995}
    write_model(tiny_graph(), "float", golden=golden)
    write_model(tiny_graph(), "small", golden=golden, default=True, fallback="float")
    with pytest.raises(ModelError, match="does not compute correctly"):
        working(tmp_path)


def test_the_golden_picture_is_the_same_everywhere() -> None:
    digests = [hashlib.sha256(golden_picture(side).tobytes()).hexdigest()[:16] for side in (64, 128)]
    assert digests == ["4c34c3445e39cfd6", "d569809458b3ad04"]


@pytest.mark.skipif(not list(SHIPPED.glob("*.onnx")), reason="no model is shipped in this checkout")
def test_every_shipped_model_opens_and_gives_its_golden_vector() -> None:
    cards = ModelStore(SHIPPED, SHIPPED / "none").all()
    assert cards
    for card in cards:
        embedder = Embedder.open(card, 1)
        assert card.golden is not None
        assert embedder.matches_golden(), card.model_id
        shifted = replace(card, golden=replace(card.golden, vector=np.roll(card.golden.vector, 1)))
        embedder.card = shifted
        assert not embedder.matches_golden()
        assert embedder.embed(np.zeros((3, card.input_px, card.input_px, 3), np.uint8)).shape == (3, card.dim)


@pytest.mark.skipif(not list(SHIPPED.glob("*.onnx")), reason="no model is shipped in this checkout")
def test_the_shipped_cards_name_one_default_and_existing_fallbacks() -> None:
    raw = [json.loads(file.read_text()) for file in SHIPPED.glob("*.json")]
    assert sum(card["default"] for card in raw) == 1
    assert {card["fallback"] for card in raw} - {""} <= {card["id"] for card in raw}
    assert all((SHIPPED / card["file"]).stat().st_size <= 25_000_000 for card in raw)
