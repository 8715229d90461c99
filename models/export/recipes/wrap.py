"""Wraps any network into the contract of the app's models: 8-bit photos in, unit vectors out."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Of each RGB channel, levels 0 to 1: what torchvision's and SSCD's networks were trained with."""
IMAGENET_STD = (0.229, 0.224, 0.225)
GEM_FLOOR = 1e-6
"""SSCD's own: features are clamped to this before the power."""


class PhotoInput(nn.Module):
    """uint8 (N, H, W, 3), levels 0 to 255, to normalised float32 (N, 3, H, W)."""

    def __init__(
        self,
        mean: tuple[float, float, float] = IMAGENET_MEAN,
        std: tuple[float, float, float] = IMAGENET_STD,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", 255 * torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("std", 255 * torch.tensor(std).view(1, 3, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        return (pixels.permute(0, 3, 1, 2).float() - self.mean) / self.std


class MapModel(nn.Module):
    """A convolutional trunk, pooled; gives ``embedding`` and ``map``.

    Args:
        trunk: Normalised photos (N, 3, S, S) to features (N, C, h, w).
        gem_power: Exponent of generalised-mean pooling (arXiv 1711.02512); 1 is the plain mean.
        head: From C features to the embedding, applied to the pooled ones and to each cell; none where they
            are the embedding themselves.
    """

    outputs = ("embedding", "map")

    def __init__(self, trunk: nn.Module, gem_power: float = 1.0, head: nn.Module | None = None) -> None:
        super().__init__()
        self.input, self.trunk, self.gem_power = PhotoInput(), trunk, gem_power
        self.head = nn.Identity() if head is None else head

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Returns float32 (N, dim), unit rows; and (N, h, w, dim), what each cell alone would be embedded as."""
        cells = self.trunk(self.input(pixels))
        if self.gem_power == 1.0:
            pooled = cells.mean((2, 3))
        else:
            cells = cells.clamp(min=GEM_FLOOR)
            pooled = cells.pow(self.gem_power).mean((2, 3)).pow(1.0 / self.gem_power)
        rows, grid = self.head(pooled), self.head(cells.permute(0, 2, 3, 1))
        return functional.normalize(rows, dim=-1), functional.normalize(grid, dim=-1)


class VectorModel(nn.Module):
    """A network that gives one vector for a photo and keeps no map; gives ``embedding`` alone.

    Args:
        network: Normalised photos (N, 3, S, S) to vectors (N, dim), of any length.
    """

    outputs = ("embedding",)

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.input, self.network = PhotoInput(), network

    def forward(self, pixels: Tensor) -> Tensor:
        """Returns float32 (N, dim), unit rows."""
        return functional.normalize(self.network(self.input(pixels)), dim=-1)


Model = MapModel | VectorModel
