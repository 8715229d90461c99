"""The exported graph: what it computes, how it stores its weights, and the way back to them."""

from __future__ import annotations

import ast
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from PIL import Image

from lookalike.embedding.models import ModelStore
from lookalike.embedding.session import Embedder
from models.export import graph
from models.export.cards import embed, session_of, set_default, write_model
from models.export.graph import Weights, build_graph, depths_of
from models.export.restore import weights_of
from models.export.untrained import random_weights

ROOT = Path(__file__).parents[2]
DIM = 16


@pytest.fixture(scope="module")
def weights() -> Weights:
    """A small network whose batch normalisation does something."""
    values = random_weights(5, depths=(1, 2, 1, 1), dim=DIM)
    rng = np.random.default_rng(6)
    for name, value in values.items():
        if value.ndim == 1:
            low, high = (0.5, 1.5) if name.endswith(("running_var", "weight")) else (-0.2, 0.2)
            values[name] = rng.uniform(low, high, value.shape).astype(np.float32)
    return values


def noise(count: int, side: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (count, side, side, 3), np.uint8)


def test_embeds_any_number_of_photos_into_unit_rows(weights: Weights) -> None:
    session = session_of(build_graph(weights, 64).SerializeToString())
    for count in (1, 3):
        rows, cells = session.run(["embedding", "map"], {"pixels": noise(count, 64)})
        assert rows.shape == (count, DIM)
        assert cells.shape == (count, 2, 2, DIM)
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(np.linalg.norm(cells, axis=3), 1, atol=1e-5)


def test_a_photo_of_one_cell_has_its_embedding_as_its_map(weights: Weights) -> None:
    session = session_of(build_graph(weights, 32).SerializeToString())
    rows, cells = session.run(["embedding", "map"], {"pixels": noise(4, 32)})
    np.testing.assert_allclose(cells[:, 0, 0], rows, atol=1e-4)


def test_different_photos_get_different_vectors(weights: Weights) -> None:
    pixels = noise(2, 64)
    pixels[1] //= 4
    rows = embed(session_of(build_graph(weights, 64).SerializeToString()), pixels)
    assert float(rows[0] @ rows[1]) < 0.999


def test_folding_batch_normalisation_changes_nothing(weights: Weights) -> None:
    plain = embed(session_of(build_graph(weights, 64).SerializeToString()), noise(3, 64))
    folded = build_graph(weights, 64, is_folded=True)
    assert "BatchNormalization" not in {node.op_type for node in folded.graph.node}
    np.testing.assert_allclose(embed(session_of(folded.SerializeToString()), noise(3, 64)), plain, atol=2e-3)


def test_weights_come_back_under_their_names(weights: Weights) -> None:
    back = weights_of(onnx.load_from_string(build_graph(weights, 64).SerializeToString()))
    assert back.keys() == weights.keys()
    for name, value in weights.items():
        assert back[name].dtype == np.float32
        np.testing.assert_allclose(back[name], value, rtol=6e-4, atol=1e-6, err_msg=name)


def test_a_second_export_of_restored_weights_is_the_same_file(weights: Weights) -> None:
    first = build_graph(weights, 64).SerializeToString()
    assert build_graph(weights_of(onnx.load_from_string(first)), 64).SerializeToString() == first


def test_a_folded_file_cannot_be_trained_further(weights: Weights) -> None:
    with pytest.raises(ValueError, match="float file"):
        weights_of(build_graph(weights, 64, is_folded=True))


def test_blocks_are_counted_from_names(weights: Weights) -> None:
    assert depths_of(weights) == (1, 2, 1, 1)
    assert depths_of(random_weights(1)) == (2, 2, 2, 2)


def test_a_resnet_18_stays_below_25_megabytes() -> None:
    model = build_graph(random_weights(1), 128)
    assert len(model.SerializeToString()) < 25_000_000
    kernels = [
        tensor for tensor in model.graph.initializer if len(tensor.dims) in (2, 4) and tensor.dims[0] > 1
    ]
    assert len(kernels) == 21
    assert {tensor.data_type for tensor in kernels} == {TensorProto.FLOAT16}


def test_the_graph_shares_its_constants_with_the_training() -> None:
    tree = ast.parse((ROOT / "models/train/network.py").read_text())
    trained = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for name in ("PIXEL_MEAN", "PIXEL_STD", "GEM_FLOOR"):
        assert getattr(graph, name) == trained[name]


def test_a_written_model_is_what_its_card_says(weights: Weights, tmp_path: Path) -> None:
    model = build_graph(weights, 64).SerializeToString()
    written = write_model(tmp_path, "small", model, 64, "f32", about={"training_views": 7})
    set_default(tmp_path, written["id"])
    card = ModelStore(tmp_path, tmp_path / "none").default()
    assert card.sha256 == hashlib.sha256(model).hexdigest()
    assert card.model_id == f"lookalike-resnet18-{card.sha256[:8]}-f32"
    assert (card.input_px, card.dim, card.resize) == (64, DIM, "squash")
    assert Embedder.open(card, 1).matches_golden()
    assert json.loads((tmp_path / "small.json").read_text())["about"] == {"training_views": 7}


def test_only_one_card_is_the_default(weights: Weights, tmp_path: Path) -> None:
    model = build_graph(weights, 64).SerializeToString()
    first = write_model(tmp_path, "first", model, 64, "f32", about={})
    second = write_model(tmp_path, "second", model, 64, "int8", fallback=first["id"], about={})
    for chosen in (first, second):
        set_default(tmp_path, chosen["id"])
        assert [c.model_id for c in ModelStore(tmp_path, tmp_path).all() if c.is_default] == [chosen["id"]]


def test_int8_keeps_the_vectors_and_uses_u8_and_s8(weights: Weights, tmp_path: Path) -> None:
    from models.export.quantise import quantise

    rng = np.random.default_rng(4)
    for number in range(24):
        coarse = rng.integers(0, 256, (6, 8, 3), np.uint8)
        Image.fromarray(coarse).resize((96, 72), Image.Resampling.BICUBIC).save(tmp_path / f"{number}.png")
    small = quantise(build_graph(weights, 64, is_folded=True), tmp_path, 64, 12)
    types = {tensor.name: tensor.data_type for tensor in onnx.load_from_string(small).graph.initializer}
    kernels = [kind for name, kind in types.items() if name.endswith("weight_quantized") and "fc" not in name]
    assert len(kernels) == 14
    assert set(kernels) == {TensorProto.INT8}
    scales = [t for t in onnx.load_from_string(small).graph.initializer if t.name == "conv1.weight_scale"]
    assert list(scales[0].dims) == [64]
    zero_points = [kind for name, kind in types.items() if name.endswith("out_zero_point")]
    assert zero_points
    assert set(zero_points) == {TensorProto.UINT8}
    photos = np.stack([np.asarray(Image.open(tmp_path / f"{n}.png").resize((64, 64))) for n in range(24)])
    exact = embed(session_of(build_graph(weights, 64).SerializeToString()), photos)
    assert (embed(session_of(small), photos) * exact).sum(1).min() > 0.98
