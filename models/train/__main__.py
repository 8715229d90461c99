"""``python -m models.train``: prepares the data when needed, then trains or goes on training."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from models.export.restore import state_dict_of
from models.train.data import load_photos
from models.train.loop import Config, Trainer


def main() -> None:
    """Reads the command line and runs to the end of the configured stages, or until a signal."""
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(prog="python -m models.train", description=__doc__)
    parser.add_argument("--config", type=Path, default=here / "resnet18.toml")
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with photos-*.tar, names.txt, teacher.npy"
    )
    parser.add_argument(
        "--runs", type=Path, default=here.parent / "runs", help="decoded photos and checkpoints"
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--start", type=Path, help="shipped float .onnx whose weights a new run begins with")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    photos = load_photos(arguments.data, arguments.runs / "photos")
    config = Config.read(arguments.config)
    start = None if arguments.start is None else state_dict_of(arguments.start)
    Trainer(config, photos, arguments.runs / arguments.config.stem, start).run()


if __name__ == "__main__":
    main()
