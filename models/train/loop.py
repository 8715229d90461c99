"""The training loop: stages of growing size, a moving average of the weights, checkpoints that resume."""

from __future__ import annotations

import json
import math
import os
import signal
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.train.data import PhotoSet, Views, view_loader
from models.train.losses import LossWeights, distillation_losses
from models.train.network import EmbeddingNet


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of training at one input size.

    Attributes:
        size: Side of the square views, pixels.
        views: Views to see in this stage.
        rate: Learning rate at its start and end; between them it follows a half cosine.
        harshness: Scales how likely each augmentation is, 0 to 1.
    """

    size: int
    views: int
    rate: tuple[float, float]
    harshness: float = 1.0


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that shapes a run; read from a TOML file."""

    seed: int
    batch: int
    momentum: float
    weight_decay: float
    average_decay: float
    warmup_views: int
    loss: LossWeights
    stages: tuple[Stage, ...]

    @classmethod
    def read(cls, file: Path) -> Config:
        """Reads a run's TOML file.

        Raises:
            KeyError: A setting is missing.
        """
        raw = tomllib.loads(file.read_text())
        stages = tuple(Stage(**{**s, "rate": tuple(s["rate"])}) for s in raw["stages"])
        keys = ("seed", "batch", "momentum", "weight_decay", "average_decay", "warmup_views")
        return cls(**{k: raw[k] for k in keys}, loss=LossWeights(**raw.get("loss", {})), stages=stages)


class Trainer:
    """One run in one folder: ``last.pt`` to go on from, ``log.jsonl`` to draw curves from.

    SIGUSR1 pauses and resumes between two batches; SIGTERM and SIGINT save and end.
    """

    def __init__(
        self, config: Config, photos: PhotoSet, folder: Path, start: dict[str, Any] | None = None
    ) -> None:
        self.config, self.photos, self.folder = config, photos, folder
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(config.seed)
        self.net = EmbeddingNet().to(memory_format=torch.channels_last)
        if start is not None:
            self.net.load_state_dict(start)
        self.average = EmbeddingNet()
        self.average.load_state_dict(self.net.state_dict())
        decayed = [p for p in self.net.parameters() if p.ndim > 1]
        plain = [p for p in self.net.parameters() if p.ndim <= 1]
        self.optimizer = torch.optim.SGD(
            [
                {"params": decayed, "weight_decay": config.weight_decay},
                {"params": plain, "weight_decay": 0.0},
            ],
            lr=0.1,
            momentum=config.momentum,
            nesterov=True,
        )
        self.seen = 0
        self.seconds = 0.0
        self._paused = False
        self._ending = False
        if (folder / "last.pt").exists():
            self._resume()

    def run(self, save_every_s: float = 600.0) -> None:
        """Trains from where the folder's checkpoint stands to the end of the last stage."""
        signal.signal(signal.SIGUSR1, self._toggle_pause)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        bank = torch.from_numpy(self.photos.teacher[~self.photos.held_out])
        done = 0
        for stage in self.config.stages:
            if self.seen < done + stage.views and not self._ending:
                self._run_stage(stage, done, bank, save_every_s)
            done += stage.views
        self.save()

    def _run_stage(self, stage: Stage, done: int, bank: torch.Tensor, save_every_s: float) -> None:
        config = self.config
        views = Views(self.photos, stage.size, config.batch, config.seed + self.seen, stage.harshness)
        batches = view_loader(views)
        saved = logged = time.monotonic()
        sums: dict[str, float] = {}
        steps = 0
        self.net.train()
        while self.seen < done + stage.views and not self._ending:
            while self._paused and not self._ending:
                time.sleep(0.5)
                logged = time.monotonic()
            pixels, index = next(batches)
            part = (self.seen - done) / stage.views
            first, last = stage.rate
            rate = last + (first - last) * 0.5 * (1 + math.cos(math.pi * part))
            rate *= min(1.0, (self.seen + 1) / config.warmup_views)
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            with torch.autocast("cpu", torch.bfloat16):
                student = self.net(pixels)
            losses = distillation_losses(student.float(), index, bank, config.loss)
            self.optimizer.zero_grad(set_to_none=True)
            losses.total.backward()
            nn.utils.clip_grad_norm_(self.net.parameters(), 10.0)
            self.optimizer.step()
            self.seen += len(index)
            self._average()
            steps += 1
            for name in ("cosine", "pick", "neighbours", "pairs", "spread", "picked_right"):
                sums[name] = sums.get(name, 0.0) + getattr(losses, name)
            if steps == 100:
                now = time.monotonic()
                self.seconds += now - logged
                self._log(
                    stage.size, rate, {k: round(v / steps, 4) for k, v in sums.items()}, steps, now - logged
                )
                sums, steps, logged = {}, 0, now
            if time.monotonic() - saved > save_every_s:
                self.save()
                saved = time.monotonic()

    def _average(self) -> None:
        """Moves the average towards the weights; early on it follows faster, so it forgets the start."""
        steps = self.seen / self.config.batch
        decay = min(self.config.average_decay, (1 + steps) / (10 + steps))
        with torch.no_grad():
            for mean, value in zip(
                self.average.state_dict().values(), self.net.state_dict().values(), strict=True
            ):
                if mean.dtype.is_floating_point:
                    mean.lerp_(value, 1 - decay)
                else:
                    mean.copy_(value)

    def _log(self, size: int, rate: float, means: dict[str, float], steps: int, seconds: float) -> None:
        per_second = steps * self.config.batch / seconds
        line = {
            "views": self.seen,
            "size": size,
            "rate": round(rate, 5),
            **means,
            "views_per_second": round(per_second),
        }
        with (self.folder / "log.jsonl").open("a") as out:
            out.write(json.dumps(line) + "\n")

    def save(self) -> None:
        """Writes ``last.pt`` beside the old one and renames it over, so a kill leaves one or the other."""
        state = {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "seen": self.seen,
            "seconds": self.seconds,
        }
        temporary = self.folder / "last.pt.part"
        torch.save(state, temporary)
        os.replace(temporary, self.folder / "last.pt")

    def _resume(self) -> None:
        state = torch.load(self.folder / "last.pt", weights_only=True)
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.seen, self.seconds = int(state["seen"]), float(state["seconds"])

    def _toggle_pause(self, *_: object) -> None:
        self._paused = not self._paused

    def _end(self, *_: object) -> None:
        self._ending = True
