"""``python -m models.evaluate.sheet``: a contact sheet of query photos with their nearest look-alikes, as a PNG."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from lookalike.embedding.card import ModelCard
from lookalike.embedding.session import Embedder
from models.evaluate.photos import Lists, open_photo, photo_files, read_photos, squash

CELL_PX = 104
GAP_PX = 4
LABEL_PX = 14
MOST_SIDE_PX = 512
"""Photos are kept no larger than this while the sheet is made, so that thousands fit into memory."""


def main() -> None:
    """Reads the command line, embeds the photos, writes the sheet."""
    parser = argparse.ArgumentParser(prog="python -m models.evaluate.sheet", description=__doc__)
    parser.add_argument(
        "--photos",
        type=Path,
        required=True,
        help="any folder of photos, or the training folder: its held-out photos",
    )
    parser.add_argument("--model", type=Path, required=True, help="a model card")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--queries", type=int, default=10)
    parser.add_argument("--neighbours", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    photos = collect(arguments.photos)
    card = ModelCard.read(arguments.model)
    embedder = Embedder.open(card, 1)
    rows = np.concatenate([embedder.embed(squash(photo, card.input_px)[None]) for photo in photos])
    queries = np.random.default_rng(arguments.seed).permutation(len(photos))[: arguments.queries]
    sheet = draw(photos, rows @ rows.T, [int(row) for row in queries], arguments.neighbours)
    sheet.save(arguments.out, optimize=True)
    print(f"{arguments.out}: {len(queries)} of {len(photos)} photos, {card.model_id}")


def collect(source: Path) -> list[Image.Image]:
    """Reads the photos to choose from."""
    if (source / "names.txt").exists():
        held_out = sorted(Lists.read(source).held_out)
        found = read_photos(source, held_out)
        return [found[name] for name in held_out]
    photos = []
    for file in photo_files(source):
        photo = open_photo(file)
        photo.thumbnail((MOST_SIDE_PX, MOST_SIDE_PX))
        photos.append(photo)
    return photos


def draw(
    photos: Sequence[Image.Image], scores: np.ndarray, queries: Sequence[int], neighbours: int
) -> Image.Image:
    """Draws one line per query photo: the photo itself, then its neighbours with their scores, best first.

    Args:
        photos: All photos.
        scores: float32 (N, N), of each with each.
        queries: Rows of the query photos.
        neighbours: How many to show.
    """
    step = CELL_PX + GAP_PX
    size = (GAP_PX + (neighbours + 1) * step + GAP_PX * 2, GAP_PX + len(queries) * (step + LABEL_PX))
    sheet = Image.new("RGB", size, (250, 250, 250))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for line, query in enumerate(queries):
        order = [int(row) for row in np.argsort(-scores[query], kind="stable") if row != query][:neighbours]
        for column, row in enumerate([query, *order]):
            left = GAP_PX + column * step + (GAP_PX * 2 if column else 0)
            top = GAP_PX + line * (step + LABEL_PX)
            cell = ImageOps.pad(photos[row], (CELL_PX, CELL_PX), color=(235, 235, 235))
            sheet.paste(cell, (left, top))
            text = f"{scores[query, row]:.0%}" if column else "query"
            pen.text((left + 2, top + CELL_PX), text, (40, 40, 40), font)
    return sheet


if __name__ == "__main__":
    main()
