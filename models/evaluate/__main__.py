"""``python -m models.evaluate``: the fixed protocol on held-out photos, one table and one JSON file."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from lookalike.embedding.card import ModelCard
from models.evaluate.describers import Hash, RandomNetwork, ShippedModel, default_cards
from models.evaluate.protocol import Describer, Result, evaluate, load
from models.evaluate.report import as_json, table
from models.export.cards import write_card

QUERIES = 500


def main() -> None:
    """Reads the command line, evaluates, prints."""
    here = Path(__file__).parents[1]
    parser = argparse.ArgumentParser(prog="python -m models.evaluate", description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="the training folder, with its held-out photos"
    )
    parser.add_argument("--model", type=Path, action="append", help="a model card; by default all in models/")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument(
        "--write-bands", action="store_true", help="put the score bands into the models' cards"
    )
    parser.add_argument(
        "--quick", action="store_true", help="100 photos hidden among 2,000, no random network"
    )
    parser.add_argument("--only-models", action="store_true", help="leave hashes and the random network out")
    parser.add_argument("--limit", type=int, help="at most this many photos of each part")
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.write_bands and (arguments.quick or arguments.limit):
        parser.error("--write-bands needs the whole protocol")

    files = arguments.model or default_cards(here)
    if not files:
        parser.error("there is no model to evaluate")
    models = [ShippedModel(ModelCard.read(file), arguments.threads) for file in files]
    describers: list[Describer] = [*models]
    if not arguments.only_models:
        describers += [Hash("pHash"), Hash("dHash")]
        if not arguments.quick:
            describers.append(RandomNetwork(models[0].card.input_px, arguments.threads, arguments.seed))
    began = time.monotonic()
    photos = load(arguments.data, arguments.seed, 100 if arguments.quick else QUERIES, arguments.limit)
    results = evaluate(
        describers, photos, arguments.seed, progress if sys.stderr.isatty() else lambda _: None
    )
    about = {
        "models": [model.card.model_id for model in models],
        "queries": len(photos.queries),
        "library": len(photos.library),
        "class_photos": len(photos.classes),
        "seed": arguments.seed,
        "seconds": round(time.monotonic() - began),
    }
    header = (
        f"{', '.join(about['models'])}: {about['queries']} photos hidden among {about['library']}, "
        f"{about['class_photos']} photos of {len(set(photos.labels))} unseen classes, seed {about['seed']}"
    )
    print(table(results, header))
    if arguments.json:
        arguments.json.write_text(as_json(results, about))
    if arguments.write_bands:
        for file, result in zip(files, results, strict=False):
            write_bands(file, result)


def write_bands(file: Path, result: Result) -> None:
    """Puts calibrated score bands into a card."""
    bands = [{"score": score, "copy_probability": chance} for score, chance in result.bands]
    write_card(file, {**json.loads(file.read_text()), "bands": bands})


def progress(step: str) -> None:
    """Says on the terminal what is being done."""
    print(f"\r\033[K{step}", end="\r", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
