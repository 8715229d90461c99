"""Recipes for other networks, with small stand-ins laid out as torchvision's are; needs torch."""

from __future__ import annotations

import sys
import types
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike.embedding.card import ModelCard
from lookalike.embedding.golden import golden_picture
from lookalike.embedding.session import Embedder

torch = pytest.importorskip("torch")

SIDE = 32


def seeded(make: Any) -> Any:
    """Builds a network with lively weights, the same every time."""
    torch.manual_seed(4)
    net = make().eval()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.3, 0.3)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    return net


def make_resnet(classes: int = 10) -> Any:
    nn = torch.nn
    net = nn.Module()
    net.conv1 = nn.Conv2d(3, 8, 7, 4, 3, bias=False)
    net.bn1 = nn.BatchNorm2d(8)
    net.relu = nn.ReLU(inplace=True)
    net.layer1 = nn.Conv2d(8, 12, 3, 2, 1)
    net.avgpool = nn.AdaptiveAvgPool2d(1)
    net.fc = nn.Linear(12, classes)
    return net


def make_vgg() -> Any:
    nn = torch.nn
    net = nn.Module()
    net.features = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.ReLU(), nn.MaxPool2d(2))
    net.avgpool = nn.AdaptiveAvgPool2d(7)
    net.classifier = nn.Sequential(nn.Linear(6 * 49, 10))
    return net


class Vit(torch.nn.Module):
    """Patches, a class token, one layer of attention, a head."""

    def __init__(self) -> None:
        nn = torch.nn
        super().__init__()
        self.class_token = nn.Parameter(torch.randn(1, 1, 16))
        self.conv_proj = nn.Conv2d(3, 16, 8, 8)
        self.ln = nn.LayerNorm(16)
        self.self_attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.heads = nn.Sequential()
        self.heads.add_module("head", nn.Linear(16, 10))

    def forward(self, x: Any) -> Any:
        n = x.shape[0]
        x = self.conv_proj(x).reshape(n, 16, 16).permute(0, 2, 1)
        x = self.ln(torch.cat([self.class_token.expand(n, -1, -1), x], dim=1))
        y, _ = self.self_attention(query=x, key=x, value=x, need_weights=False)
        return self.heads((x + y)[:, 0])


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The recipes, with a torchvision whose networks are small and that cannot download."""

    def maker(make: Any) -> Any:
        def build(*, weights: object, num_classes: int = 1000) -> Any:
            assert weights is None, "would download"
            return seeded(lambda: make(num_classes)) if make is make_resnet else seeded(make)

        return build

    models = types.ModuleType("torchvision.models")
    vars(models).update(resnet50=maker(make_resnet), vgg16=maker(make_vgg), vit_b_16=maker(Vit))
    package = types.ModuleType("torchvision")
    vars(package)["models"] = models
    monkeypatch.setitem(sys.modules, "torchvision", package)
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    from models.export.recipes import networks

    return networks


def saved(net: Any, file: Path, **changes: Any) -> Path:
    torch.save({**net.state_dict(), **changes}, file)
    return file


def normalised(pixels: np.ndarray) -> Any:
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    return torch.from_numpy(((pixels / 255 - mean) / std).transpose(0, 3, 1, 2)).float()


def embedder(model: Any, folder: Path) -> Embedder:
    from models.export.recipes.write import write_recipe

    write_recipe(folder, "small", model, SIDE, {"weights": "w.pt"})
    return Embedder.open(ModelCard.read(folder / "small.json"), 1)


def unit(rows: Any) -> np.ndarray:
    found = np.asarray(rows.detach())
    return found / np.linalg.norm(found, axis=-1, keepdims=True)


def photos(count: int) -> np.ndarray:
    noise = np.random.default_rng(2).integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)
    noise[0] = golden_picture(SIDE)
    return noise


def test_a_resnet_becomes_the_mean_of_its_last_features(networks: Any, tmp_path: Path) -> None:
    net = seeded(lambda: make_resnet(10))
    opened = embedder(networks.resnet50(saved(net, tmp_path / "w.pt")), tmp_path)
    assert opened.card.model_id == f"small-{opened.card.sha256[:8]}-f32"
    assert (opened.card.dim, opened.card.input_px, opened.card.is_default) == (12, SIDE, False)
    assert opened.matches_golden()
    cells = net.layer1(torch.relu(net.bn1(net.conv1(normalised(photos(4))))))
    for count in (1, 4):
        expected = unit(cells.mean((2, 3)))[:count]
        np.testing.assert_allclose(opened.embed(photos(4)[:count]), expected, atol=1e-5)


def test_the_map_holds_each_cell_as_if_it_were_the_photo(networks: Any, tmp_path: Path) -> None:
    from models.export.cards import session_of
    from models.export.recipes.write import to_onnx

    net = seeded(make_vgg)
    session = session_of(to_onnx(networks.vgg16(saved(net, tmp_path / "w.pt")), SIDE))
    found = session.run(["map"], {"pixels": photos(3)})[0]
    assert session.get_outputs()[1].shape == ["N", 8, 8, 6]
    cells = net.features(normalised(photos(3))).permute(0, 2, 3, 1)
    lit = np.asarray(cells.detach()).any(-1)
    assert lit.mean() > 0.5
    np.testing.assert_allclose(found[lit], unit(cells[lit]), atol=1e-5)


def test_a_vit_becomes_its_class_token(networks: Any, tmp_path: Path) -> None:
    net = seeded(Vit)
    opened = embedder(networks.vit_b_16(saved(net, tmp_path / "w.pt")), tmp_path)
    net.heads = torch.nn.Identity()
    for count in (1, 5):
        expected = unit(net(normalised(photos(count))))
        np.testing.assert_allclose(opened.embed(photos(count)), expected, atol=1e-5)


def test_the_fast_attention_stays_as_it_was(networks: Any, tmp_path: Path) -> None:
    embedder(networks.vit_b_16(saved(seeded(Vit), tmp_path / "w.pt")), tmp_path)
    assert torch.backends.mha.get_fastpath_enabled()


def test_sscd_pools_with_the_third_power_before_its_linear_layer(networks: Any, tmp_path: Path) -> None:
    net = seeded(lambda: make_resnet(7))
    file = tmp_path / "sscd.torchvision.pt"
    torch.save({f"backbone.{name}": value for name, value in net.state_dict().items()}, file)
    opened = embedder(networks.sscd(file), tmp_path)
    cells = net.layer1(torch.relu(net.bn1(net.conv1(normalised(photos(3))))))
    pooled = cells.clamp(min=1e-6).pow(3).mean((2, 3)).pow(1 / 3)
    np.testing.assert_allclose(opened.embed(photos(3)), unit(net.fc(pooled)), atol=1e-4)


def test_sscd_is_taken_as_torchscript_too(networks: Any, tmp_path: Path) -> None:
    nn = torch.nn
    net = seeded(
        lambda: nn.Sequential(nn.Conv2d(3, 5, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    )
    file = tmp_path / "sscd.torchscript.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.trace(net, torch.zeros(1, 3, SIDE, SIDE)), file)
    opened = embedder(networks.sscd(file), tmp_path)
    np.testing.assert_allclose(opened.embed(photos(3)), unit(net(normalised(photos(3)))), atol=1e-5)


def test_weights_with_another_number_of_classes_will_do(networks: Any, tmp_path: Path) -> None:
    model = networks.resnet50(saved(make_resnet(3), tmp_path / "w.pt"))
    assert len(list(model.trunk.children())) == 4


def test_weights_inside_a_checkpoint_are_found(networks: Any, tmp_path: Path) -> None:
    file = tmp_path / "w.pt"
    state = {f"module.{name}": value for name, value in make_vgg().state_dict().items()}
    torch.save({"epoch": 3, "state_dict": state}, file)
    assert networks.read_state(file).keys() == make_vgg().state_dict().keys()


def test_weights_of_another_network_are_refused_in_words(networks: Any, tmp_path: Path) -> None:
    wrong = networks.WrongWeightsError
    with pytest.raises(wrong, match=r"another network: .* such as “conv1.weight”"):
        networks.resnet50(saved(make_vgg(), tmp_path / "vgg.pt"))
    with pytest.raises(wrong, match="other shapes"):
        networks.resnet50(saved(make_resnet(), tmp_path / "w.pt", **{"bn1.bias": torch.zeros(9)}))
    (tmp_path / "text.pt").write_text("no weights")
    with pytest.raises(wrong, match=r"“text\.pt” is no file of weights"):
        networks.resnet50(tmp_path / "text.pt")
    with pytest.raises(wrong, match="cannot be read: no such file"):
        networks.resnet50(tmp_path / "none.pt")
    with pytest.raises(wrong, match="neither SSCD's"):
        networks.sscd(saved(make_vgg(), tmp_path / "vgg.pt"))
    with pytest.raises(wrong, match="downloaded from its project page"):
        networks.sscd(None)


def test_a_graph_that_computes_something_else_is_not_written(networks: Any, tmp_path: Path) -> None:
    from models.export.recipes import write

    model = networks.resnet50(saved(seeded(make_resnet), tmp_path / "w.pt"))
    graph = write.to_onnx(model, SIDE)
    assert write.check(graph, model, SIDE) < 1e-4
    torch.nn.init.zeros_(model.trunk[0].weight[0])
    with pytest.raises(write.WrongGraphError, match="differ by"):
        write.check(graph, model, SIDE)


def test_the_command_line_writes_both_files_and_says_how_to_add_them(
    networks: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from models.export.recipes.__main__ import main

    weights = str(saved(seeded(make_resnet), tmp_path / "mine.pt"))
    out = tmp_path / "new" / "folder"
    command = ["recipes", "resnet50", "--out", str(out), "--weights", weights, "--input-px", "64"]
    monkeypatch.setattr(sys, "argv", command)
    main()
    card = ModelCard.read(out / "resnet50.json")
    assert card.input_px == 64
    assert (
        f"lookalike models add {out / 'resnet50.onnx'} --card {out / 'resnet50.json'}"
        in capsys.readouterr().out
    )


def test_the_command_line_says_what_is_wrong(
    networks: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from models.export.recipes.__main__ import main

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["recipes", *arguments, "--out", str(tmp_path / "out")])
        with pytest.raises(SystemExit) as ended:
            main()
        return str(ended.value.code) + capsys.readouterr().err

    assert "sscd needs --weights" in run("sscd")
    assert "works at 224 px alone" in run("vit_b_16", "--input-px", "256")
    wrong = str(saved(make_vgg(), tmp_path / "vgg.pt"))
    assert "of another network" in run("resnet50", "--weights", wrong)
    monkeypatch.setitem(sys.modules, "torchvision", None)
    assert "needs torchvision" in run("resnet50", "--weights", wrong)
    assert not (tmp_path / "out").exists()
