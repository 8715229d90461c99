"""Training and shipped file, both ways; needs torch (``pip install .[train]``)."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A checkpoint such as the training writes, of an untrained network with lively statistics."""
    from models.train.network import EmbeddingNet

    torch.manual_seed(3)
    net = EmbeddingNet()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.0)
            torch.nn.init.uniform_(module.running_mean, -0.2, 0.2)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    file = tmp_path / "last.pt"
    torch.save(
        {"net": {}, "average": net.state_dict(), "optimizer": {}, "seen": 5000, "seconds": 720.0}, file
    )
    return file


def test_a_shipped_file_gives_the_network_back(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.export.__main__ import main
    from models.export.restore import state_dict_of
    from models.train.network import EmbeddingNet

    out = tmp_path / "out"
    monkeypatch.setattr(
        sys, "argv", ["export", "--checkpoint", str(checkpoint), "--out", str(out), "--input-px", "64"]
    )
    main()
    card = json.loads((out / "lookalike-resnet18.json").read_text())
    assert card["about"] == {"training_views": 5000, "training_hours": 0.2}

    restored, original = EmbeddingNet().eval(), EmbeddingNet().eval()
    restored.load_state_dict(state_dict_of(out / card["file"]))
    original.load_state_dict(torch.load(checkpoint, weights_only=True)["average"])
    pixels = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (4, 3, 64, 64), np.uint8))
    with torch.no_grad():
        assert float((restored(pixels) - original(pixels)).abs().max()) < 1e-3


def test_exporting_a_shipped_file_again_gives_the_same_file(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.export.__main__ import main

    first, second = tmp_path / "first", tmp_path / "second"
    for source, out in ((checkpoint, first), (first / "lookalike-resnet18.onnx", second)):
        monkeypatch.setattr(sys, "argv", ["export", "--checkpoint", str(source), "--out", str(out)])
        main()
    assert (first / "lookalike-resnet18.onnx").read_bytes() == (
        second / "lookalike-resnet18.onnx"
    ).read_bytes()
