"""The network: a ResNet with generalised-mean pooling and a linear embedding of unit length.

ResNet: He et al., "Deep Residual Learning for Image Recognition" (arXiv 1512.03385).
GeM pooling: Radenović et al., "Fine-tuning CNN Image Retrieval with No Human Annotation" (arXiv 1711.02512).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

PIXEL_MEAN = (123.675, 116.28, 103.53)
"""Mean of each RGB channel over ImageNet, levels 0 to 255."""
PIXEL_STD = (58.395, 57.12, 57.375)
"""Standard deviation of each RGB channel over ImageNet, levels 0 to 255."""
GEM_FLOOR = 1e-6
"""Features are clamped to this before the power, whose gradient at zero is infinite."""


class BasicBlock(nn.Module):
    """Two 3×3 convolutions with a shortcut around them."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.shortcut: nn.Sequential | None = None
        if stride != 1 or channels_in != channels_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False), nn.BatchNorm2d(channels_out)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return functional.relu(y + (x if self.shortcut is None else self.shortcut(x)))


class EmbeddingNet(nn.Module):
    """uint8 RGB squares to unit vectors.

    Args:
        depths: Blocks in each of the four stages; (2, 2, 2, 2) is ResNet-18.
        dim: Length of the embedding.
    """

    def __init__(self, depths: tuple[int, ...] = (2, 2, 2, 2), dim: int = 256) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(PIXEL_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(PIXEL_STD).view(1, 3, 1, 1), persistent=False)
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        channels = 64
        for number, depth in enumerate(depths, start=1):
            width = 64 * 2 ** (number - 1)
            blocks = [
                BasicBlock(channels if i == 0 else width, width, 2 if i == 0 and number > 1 else 1)
                for i in range(depth)
            ]
            channels = width
            self.add_module(f"layer{number}", nn.Sequential(*blocks))
        self.gem_power = nn.Parameter(torch.tensor(3.0))
        self.fc = nn.Linear(channels, dim)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, BasicBlock):
                # Each block starts as the identity, which lets a deep stack train from the first step
                # (Goyal et al., arXiv 1706.02677).
                nn.init.zeros_(module.bn2.weight)

    def features(self, pixels: Tensor) -> Tensor:
        """Maps uint8 (N, 3, S, S), levels 0 to 255, to features (N, C, S/32, S/32), at least 0."""
        x = (pixels.float() - self.mean) / self.std
        x = functional.relu(self.bn1(self.conv1(x.contiguous(memory_format=torch.channels_last))))
        x = functional.max_pool2d(x, 3, 2, 1)
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
        return x

    def forward(self, pixels: Tensor) -> Tensor:
        """Maps uint8 (N, 3, S, S) to float32 (N, dim), rows of unit length."""
        x = self.features(pixels).float().clamp(min=GEM_FLOOR)
        pooled = x.pow(self.gem_power).mean((2, 3)).pow(1.0 / self.gem_power)
        return functional.normalize(self.fc(pooled), dim=1)
