"""``python -m models.export.recipes``: a well-known network becomes an ONNX file and a card for the app."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from models.export.recipes.networks import RECIPES, WrongWeightsError
from models.export.recipes.write import WrongGraphError, write_recipe


def main() -> None:
    """Reads the command line, builds the network, writes both files and says how to add them."""
    parser = argparse.ArgumentParser(
        prog="python -m models.export.recipes",
        description=__doc__,
        epilog="\n".join(f"{name}: {recipe.source}." for name, recipe in RECIPES.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("network", choices=sorted(RECIPES))
    parser.add_argument("--out", type=Path, required=True, help="folder for the two files")
    parser.add_argument(
        "--weights",
        type=Path,
        help="a state_dict on disk (sscd: its TorchScript file too); without it torchvision downloads its own",
    )
    parser.add_argument("--input-px", type=int, help="side of the square input")
    arguments = parser.parse_args()
    recipe = RECIPES[arguments.network]
    if recipe.needs_file and arguments.weights is None:
        parser.error(f"{arguments.network} needs --weights: {recipe.source}")
    input_px = arguments.input_px or recipe.input_px
    if recipe.is_size_fixed and input_px != recipe.input_px:
        parser.error(f"{arguments.network} works at {recipe.input_px} px alone")
    try:
        model = recipe.build(arguments.weights)
        about = {"weights": arguments.weights.name if arguments.weights else "torchvision's default"}
        card = write_recipe(
            arguments.out, arguments.network, model, input_px, {**about, "source": recipe.source}
        )
    except ModuleNotFoundError as error:
        if error.name != "torchvision":
            raise
        sys.exit("This recipe needs torchvision: pip install torchvision==0.28.0 goes with torch 2.13.0.")
    except (WrongGraphError, WrongWeightsError) as error:
        sys.exit(str(error))
    print(f"{card['id']}: {card['dim']} numbers a photo at {input_px} px")
    print(
        f"lookalike models add {arguments.out / card['file']} --card {arguments.out / arguments.network}.json"
    )


if __name__ == "__main__":
    main()
