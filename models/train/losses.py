"""The training signal: land on the teacher, find the photo, keep the neighbourhood, spread out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class LossWeights:
    """How much each part counts, and the temperature shared by the three soft-max parts."""

    cosine: float = 1.0
    pick: float = 1.0
    neighbours: float = 1.0
    pairs: float = 0.5
    spread: float = 0.1
    temperature: float = 0.05


@dataclass(frozen=True, slots=True)
class Losses:
    """Scalars of one batch, each averaged over its views; ``total`` is weighted and carries gradients."""

    total: Tensor
    cosine: float
    pick: float
    neighbours: float
    pairs: float
    spread: float
    picked_right: float


def distillation_losses(student: Tensor, index: Tensor, bank: Tensor, weights: LossWeights) -> Losses:
    """Compares views with the teacher's vectors of the clean photos and with one another.

    Args:
        student: float32 (2B, dim), unit rows: first views of B photos, then second views of the same.
        index: int64 (2B,), each view's photo as a row of ``bank``.
        bank: float32 (P, dim), unit rows: the teacher's vectors of all training photos.
        weights: Weights and temperature.

    The parts: cosine to the photo's own teacher vector; cross-entropy of picking the photo among all
    (instance discrimination against fixed prototypes); divergence from the teacher's distribution over the
    *other* photos (SEED, arXiv 2101.04731, with the photo itself left out so that it does not drown its
    neighbours); InfoNCE between the two views; and the Kozachenko-Leonenko entropy term that keeps unrelated
    photos apart (SSCD, arXiv 2202.10261).
    """
    half = len(student) // 2
    rows = torch.arange(len(index))
    own = (student * bank[index]).sum(1)
    with torch.no_grad():
        wanted = bank[index[:half]] @ bank.T / weights.temperature
        wanted[rows[:half], index[:half]] = -torch.inf
        wanted = wanted.softmax(1)
        # The teacher's own entropy: taken off, the loss is zero when the neighbourhoods agree.
        entropy = float(-torch.special.xlogy(wanted, wanted).sum(1).mean())
        wanted = torch.cat([wanted, wanted])
    # float32 throughout: at temperature 0.05 bfloat16 would round whole nats away.
    logits = student @ bank.T / weights.temperature
    own_logit = logits[rows, index]
    is_own = torch.zeros_like(logits, dtype=torch.bool)
    is_own[rows, index] = True
    others = torch.logsumexp(logits.masked_fill(is_own, -torch.inf), 1)
    pick = (torch.logaddexp(others, own_logit) - own_logit).mean()
    neighbours = (others - (wanted * logits).sum(1)).mean() - entropy
    picked_right = float((logits.detach().argmax(1) == index).float().mean())

    similarity = student @ student.T
    similarity.fill_diagonal_(-1.0)
    partner = torch.cat([rows[half:], rows[:half]])
    pairs = functional.cross_entropy(similarity / weights.temperature, partner)
    foreign = similarity.clone()
    foreign[rows, partner] = -1.0
    nearest = foreign.amax(1)
    spread = -torch.log((2 - 2 * nearest).clamp(min=1e-4).sqrt()).mean()

    cosine = (1 - own).mean()
    total = (
        weights.cosine * cosine
        + weights.pick * pick
        + weights.neighbours * neighbours
        + weights.pairs * pairs
        + weights.spread * spread
    )
    return Losses(
        total,
        cosine=float(cosine.detach()),
        pick=float(pick.detach()),
        neighbours=float(neighbours.detach()),
        pairs=float(pairs.detach()),
        spread=float(spread.detach()),
        picked_right=picked_right,
    )
