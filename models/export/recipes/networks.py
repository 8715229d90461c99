"""The networks there are recipes for: each is built, given its weights, and stripped of its classifier.

torchvision is imported when a network of its is built, so that SSCD's TorchScript file does without.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.export.recipes.wrap import MapModel, Model, VectorModel

SSCD_POWER = 3.0
"""Of its generalised-mean pooling."""


class WrongWeightsError(Exception):
    """A weights file is not of this network; the message says so in one sentence."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one network becomes a model.

    Attributes:
        build: Takes a weights file, or None for the network's own download.
        input_px: Side of the square input where nothing else is asked for.
        is_size_fixed: The network works at this size alone.
        needs_file: There is no download that the recipe could start by itself.
        source: Where weights come from and under which terms, for the card.
    """

    build: Callable[[Path | None], Model]
    input_px: int
    source: str
    is_size_fixed: bool = False
    needs_file: bool = False


def resnet50(weights: Path | None) -> Model:
    """ResNet-50 (arXiv 1512.03385): the mean of the last feature map, 2,048 numbers."""
    from torchvision import models

    net = models.resnet50(weights=models.ResNet50_Weights.DEFAULT if weights is None else None)
    if weights is not None:
        load_without_head(net, read_state(weights), "fc.")
    return MapModel(_resnet_trunk(net))


def vgg16(weights: Path | None) -> Model:
    """VGG16 (arXiv 1409.1556): the mean of the last feature map, 512 numbers."""
    from torchvision import models

    net = models.vgg16(weights=models.VGG16_Weights.DEFAULT if weights is None else None)
    if weights is not None:
        load_without_head(net, read_state(weights), "classifier.")
    return MapModel(net.features)


def vit_b_16(weights: Path | None) -> Model:
    """ViT-B/16 (arXiv 2010.11929): the class token behind the last layer, 768 numbers.

    Its patches were never trained to be compared with the class token, so there is no map.
    """
    from torchvision import models

    net = models.vit_b_16(weights=models.ViT_B_16_Weights.DEFAULT if weights is None else None)
    if weights is not None:
        load_without_head(net, read_state(weights), "heads.")
    net.heads = nn.Identity()
    return VectorModel(net)


def sscd(weights: Path | None) -> Model:
    """SSCD with a ResNet-50 (arXiv 2202.10261): 512 numbers trained to find copies.

    Takes both files of the project's page: ``….torchscript.pt`` as it is, without a map; ``….torchvision.pt``
    rebuilt in torchvision, with one.
    """
    if weights is None:
        raise WrongWeightsError("SSCD's weights must be downloaded from its project page first.")
    script = _read_torchscript(weights)
    if script is not None:
        return VectorModel(script)
    state = {name.removeprefix("backbone."): value for name, value in read_state(weights).items()}
    if "fc.weight" not in state:
        raise WrongWeightsError(f"“{weights.name}” is neither SSCD's TorchScript nor its torchvision file.")
    from torchvision import models

    net = models.resnet50(weights=None, num_classes=len(state["fc.weight"]))
    load_without_head(net, state, "")
    return MapModel(_resnet_trunk(net), SSCD_POWER, net.fc)


RECIPES: Mapping[str, Recipe] = {
    "resnet50": Recipe(
        resnet50,
        224,
        "torchvision, BSD 3-clause; weights trained on ImageNet, whose own terms are for research",
    ),
    "vgg16": Recipe(
        vgg16, 224, "torchvision, BSD 3-clause; weights trained on ImageNet, whose own terms are for research"
    ),
    "sscd": Recipe(
        sscd,
        320,
        "github.com/facebookresearch/sscd-copy-detection, sscd_disc_mixup recommended there; "
        "MIT since July 2022, for non-commercial use alone before; read the terms on that page",
        needs_file=True,
    ),
    "vit_b_16": Recipe(
        vit_b_16,
        224,
        "torchvision, BSD 3-clause; weights trained on ImageNet, whose own terms are for research",
        is_size_fixed=True,
    ),
}


def read_state(file: Path) -> dict[str, Tensor]:
    """Reads a ``state_dict``, also one that lies under ``state_dict`` or ``model`` in a checkpoint.

    Nothing in the file is executed.

    Raises:
        WrongWeightsError: It holds no such thing.
    """
    try:
        raw: Any = torch.load(file, map_location="cpu", weights_only=True)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise WrongWeightsError(f"“{file.name}” cannot be read: {reason}.") from error
    except Exception as error:  # torch raises pickle's, zip's and its own, with no base of theirs
        raise WrongWeightsError(f"“{file.name}” is no file of weights.") from error
    for key in ("state_dict", "model"):
        if isinstance(raw, dict) and isinstance(raw.get(key), dict):
            raw = raw[key]
    if not isinstance(raw, dict) or not raw or not all(isinstance(value, Tensor) for value in raw.values()):
        raise WrongWeightsError(f"“{file.name}” holds no weights by name.")
    return {name.removeprefix("module."): value for name, value in raw.items()}


def load_without_head(net: nn.Module, state: Mapping[str, Tensor], head: str) -> None:
    """Loads weights and leaves the classifier as it is, so that any number of classes will do.

    Args:
        net: Takes them.
        state: Every other weight must be there and nothing else.
        head: How the classifier's names begin; empty for none to be left out.

    Raises:
        WrongWeightsError: Names or shapes do not fit.
    """
    kept = {name: value for name, value in state.items() if not head or not name.startswith(head)}
    try:
        missing, unexpected = net.load_state_dict(kept, strict=False)
    except RuntimeError as error:
        raise WrongWeightsError(
            "The weights have other shapes than the network: they are of another one."
        ) from error
    wrong = [name for name in missing if not head or not name.startswith(head)] + unexpected
    if wrong:
        raise WrongWeightsError(
            f"The weights are of another network: {len(wrong)} names do not fit, such as “{wrong[0]}”."
        )


def _resnet_trunk(net: nn.Module) -> nn.Module:
    """Everything before the pooling and the classifier, which torchvision's networks end with."""
    return nn.Sequential(*list(net.children())[:-2])


def _read_torchscript(file: Path) -> nn.Module | None:
    """Returns the network, or None where the file is something else."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the format is old, but SSCD's
            return torch.jit.load(file, map_location="cpu").eval()
    except (RuntimeError, ValueError):
        return None
