"""``python -m models.export``: a checkpoint becomes the shipped ONNX files and their cards."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from models.export.cards import embed, session_of, set_default, write_model
from models.export.graph import build_graph
from models.export.quantise import compare, quantise
from models.export.restore import checkpoint_weights

MOST_DIFFERENCE = 1e-3
"""Between torch's vectors and the graph's, any element: float16 storage costs about 2e-4."""
NAME = "lookalike-resnet18"


def main() -> None:
    """Reads the command line, writes the float file, and int8 where photos to calibrate on are given."""
    parser = argparse.ArgumentParser(prog="python -m models.export", description=__doc__)
    parser.add_argument(
        "--checkpoint", type=Path, required=True, help="last.pt of a run, or a shipped float .onnx"
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--input-px", type=int, default=128)
    parser.add_argument(
        "--calibration", type=Path, help="the training folder, or any folder of photos, for int8"
    )
    parser.add_argument("--calibration-photos", type=int, default=384)
    parser.add_argument(
        "--default", choices=("f32", "int8"), default="f32", help="which of the two the app uses"
    )
    arguments = parser.parse_args()
    if arguments.default == "int8" and arguments.calibration is None:
        parser.error("--default int8 needs --calibration")
    arguments.out.mkdir(parents=True, exist_ok=True)

    weights = checkpoint_weights(arguments.checkpoint)
    model = build_graph(weights, arguments.input_px).SerializeToString()
    difference = difference_from_torch(model, arguments.checkpoint, arguments.input_px)
    print(f"float: {len(model) / 1e6:.1f} MB, differs from torch by at most {difference:.1e}")
    if difference > MOST_DIFFERENCE:
        sys.exit("The graph does not compute what the network computes.")
    about = training_facts(arguments.checkpoint)
    cards = {"f32": write_model(arguments.out, NAME, model, arguments.input_px, "f32", about=about)}

    if arguments.calibration is not None:
        folded = build_graph(weights, arguments.input_px, is_folded=True)
        small = quantise(folded, arguments.calibration, arguments.input_px, arguments.calibration_photos)
        agreement = compare(model, small, arguments.calibration, arguments.input_px)
        print(f"int8: {len(small) / 1e6:.1f} MB, {agreement}")
        cards["int8"] = write_model(
            arguments.out,
            f"{NAME}-int8",
            small,
            arguments.input_px,
            "int8",
            fallback=cards["f32"]["id"],
            about=about,
        )
    set_default(arguments.out, cards[arguments.default]["id"])
    for card in cards.values():
        print(card["id"])


def difference_from_torch(model: bytes, checkpoint: Path, input_px: int) -> float:
    """Returns the largest difference of any element between the graph's vectors and torch's, on noise."""
    import torch

    from models.export.restore import state_dict_of
    from models.train.network import EmbeddingNet

    net = EmbeddingNet().eval()
    if checkpoint.suffix == ".onnx":
        net.load_state_dict(state_dict_of(checkpoint))
    else:
        net.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["average"])
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 256, (8, 8, 8, 3), np.uint8)
    pixels = np.ascontiguousarray(
        coarse.repeat(-(-input_px // 8), 1).repeat(-(-input_px // 8), 2)[:, :input_px, :input_px]
    )
    with torch.no_grad():
        expected = net(torch.from_numpy(pixels).permute(0, 3, 1, 2)).numpy()
    return float(np.abs(embed(session_of(model), pixels) - expected).max())


def training_facts(checkpoint: Path) -> dict[str, object]:
    """Returns how far the training behind a checkpoint has come; an .onnx file does not say."""
    if checkpoint.suffix == ".onnx":
        return {}
    import torch

    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    return {"training_views": int(state["seen"]), "training_hours": round(float(state["seconds"]) / 3600, 2)}


if __name__ == "__main__":
    main()
