"""``python -m models.card``: writes ``models/README.md``, the model card for people, from what was measured.

Every figure in it is read from a file: the models' own cards, the evaluation's JSON, the runs' logs and the
table of experiments. What was not measured is shown as a dash.
"""

from __future__ import annotations

import argparse
import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.card_text import DATA, LIMITS, METHOD, OWN_MODELS, REGENERATE, SOURCES
from models.evaluate.protocol import Result
from models.evaluate.report import from_json, table
from models.evaluate.transforms import TRANSFORMS
from models.train.curves import draw_curves, keep_log, read_log

HERE = Path(__file__).parent
WEAKEST = 5
"""So many lines of the table are named among the limits."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One run of ``models.evaluate``.

    Attributes:
        results: Of each describer by its name, in the table's order.
        about: Model ids, counts and seed.
    """

    results: dict[str, Result]
    about: dict[str, Any]

    @classmethod
    def read(cls, text: str) -> Evaluation:
        results, about = from_json(text)
        return cls({result.name: result for result in results}, about)

    @property
    def name(self) -> str:
        """The first eight digits of the first evaluated model's SHA-256."""
        return str(self.about["models"][0]).rsplit("-", 2)[1]


def main() -> None:
    """Reads the command line, takes new files in, writes the card and the curves."""
    parser = argparse.ArgumentParser(prog="python -m models.card", description=__doc__)
    parser.add_argument("--evaluation", type=Path, help="JSON of models.evaluate, to be kept with the card")
    parser.add_argument(
        "--log",
        action="append",
        default=[],
        metavar="RUN=FILE",
        help="a run's log.jsonl, to be kept, thinned",
    )
    arguments = parser.parse_args()
    if arguments.evaluation is not None:
        keep_evaluation(arguments.evaluation, HERE)
    for each in arguments.log:
        name, _, file = each.partition("=")
        if not file:
            parser.error("--log wants a name and a file: resnet18=models/runs/resnet18/log.jsonl")
        keep_log(Path(file), HERE / f"train/logs/{name}.jsonl")
    write_card(HERE)


def keep_evaluation(source: Path, models: Path) -> Path:
    """Copies an evaluation to ``evaluate/results``, named after its model; one line per describer."""
    text = source.read_text()
    target = models / f"evaluate/results/{Evaluation.read(text).name}.json"
    raw = json.loads(text)
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in raw.pop("results"))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(f'{json.dumps(raw, ensure_ascii=False)[:-1]}, "results": [\n{rows}\n]}}\n')
    return target


def write_card(models: Path) -> None:
    """Writes ``README.md`` and ``train/logs/curves.svg`` below a folder laid out as ``models`` is."""
    cards = [json.loads(file.read_text()) for file in sorted(models.glob("*.json"))]
    evaluations = {
        file.stem: Evaluation.read(file.read_text()) for file in models.glob("evaluate/results/*.json")
    }
    runs = tomllib.loads((models / "train/experiments.toml").read_text()).get("run", [])
    logs = {file.stem: read_log(file) for file in sorted(models.glob("train/logs/*.jsonl"))}
    logs = dict(sorted(logs.items(), key=lambda item: item[1][0]["views"] if item[1] else math.inf))
    shown = choose(cards, evaluations, runs)
    parts = [
        "# The model",
        "Lookalike's own network turns a photo into 256 numbers, so that copies and look-alikes of it are near.",
        files(cards, models),
        DATA,
        METHOD,
        stages(tomllib.loads((models / "train/resnet18.toml").read_text())),
        quality(shown, cards, runs),
        contact_sheet(models),
        experiments(runs, evaluations, logs),
    ]
    if logs:
        (models / "train/logs/curves.svg").write_text(draw_curves(logs))
        parts.append("![Training curves](train/logs/curves.svg)")
    parts += [LIMITS.strip() + weakest(shown), SOURCES, OWN_MODELS, REGENERATE]
    (models / "README.md").write_text("\n\n".join(part.strip() for part in parts if part) + "\n")


def choose(
    cards: Sequence[dict[str, Any]], evaluations: Mapping[str, Evaluation], runs: Sequence[dict[str, Any]]
) -> Evaluation | None:
    """Returns the evaluation of the files that lie here, else of the latest experiment that has one."""
    ids = {card["id"] for card in cards}
    for evaluation in evaluations.values():
        if ids & set(evaluation.about["models"]):
            return evaluation
    named = [run["evaluation"] for run in runs if run.get("evaluation") in evaluations]
    return evaluations[named[-1]] if named else None


def files(cards: Sequence[dict[str, Any]], models: Path) -> str:
    """Says which model files there are."""
    if not cards:
        return "## Files\n\nNo model file lies here yet."
    lines = ["## Files", "", "| file | id | size | input | training |", "|---|---|---:|---:|---|"]
    for card in cards:
        name = f"**{card['file']}** (default)" if card.get("default") else card["file"]
        file = models / card["file"]
        size = f"{file.stat().st_size / 1e6:.1f} MB" if file.exists() else "–"
        views = card.get("about", {}).get("training_views")
        seen = f"{views:,} views" if views else "–"
        lines.append(f"| {name} | `{card['id']}` | {size} | {card['input_px']} px | {seen} |")
    lines += [
        "",
        "Input `pixels`: uint8 (N, S, S, 3), RGB, the whole photo squashed to the square; normalisation is inside. "
        "Output `embedding`: float32 (N, 256), rows of unit length, whose product is the score. Output `map`: "
        "float32 (N, h, w, 256), what each cell would be embedded as. The JSON beside each file is its card for "
        "programs: SHA-256, golden vector, score bands. Vectors of two ids never mix.",
    ]
    return "\n".join(lines)


def stages(config: Mapping[str, Any]) -> str:
    """Lists the planned stages of the shipped model's run."""
    lines = ["| stage | side | views | learning rate |", "|---|---:|---:|---|"]
    for number, stage in enumerate(config["stages"], start=1):
        first, last = stage["rate"]
        rate = f"{first:g}" if first == last else f"{first:g} → {last:g}"
        lines.append(f"| {number} | {stage['size']} px | {stage['views']:,} | {rate} |")
    return "\n".join([f"Planned in `train/resnet18.toml` (batch {config['batch']}):", "", *lines])


def quality(shown: Evaluation | None, cards: Sequence[dict[str, Any]], runs: Sequence[dict[str, Any]]) -> str:
    """Shows the evaluation's table and what it means for the goals; says when it is of other files."""
    if shown is None:
        return "## Measured quality\n\nNothing has been measured yet."
    about = shown.about
    header = (
        f"`make evaluate` on held-out photos: {about['queries']} photos hidden among {about['library']:,}, each "
        f"under {2 * len(TRANSFORMS)} changes (mild / strong); {about['class_photos']:,} photos of unseen "
        f"classes; seed {about['seed']}. Per cent. Measured on {_names(about['models'])}."
    )
    parts = ["## Measured quality", header]
    unmeasured = [card["id"] for card in cards if card["id"] not in about["models"]]
    if unmeasured or not cards:
        views = [run["views"] for run in runs if run.get("evaluation") == shown.name and "views" in run]
        state = f"an earlier state, about {views[-1]:,} training views" if views else "an earlier state"
        rest = f" Not evaluated: {_names(unmeasured)}." if unmeasured else ""
        parts.append(f"**These figures are of {state}.**{rest}")
    # The table begins with a header line of its own, which the sentence above replaces.
    parts.append(table(list(shown.results.values()), "").strip())
    parts.append(goals(shown.results))
    return "\n\n".join(part for part in parts if part)


def _names(ids: Sequence[str]) -> str:
    return ", ".join(f"`{each}`" for each in ids)


def goals(results: Mapping[str, Result]) -> str:
    """Holds the float file, and int8 against it, to what the project set out to reach."""
    ours, teacher, int8 = results.get("float32"), results.get("teacher"), results.get("int8")
    if ours is None:
        return ""
    hashes = [results[name].average_precision for name in ("pHash", "dHash") if name in results]
    rows: list[tuple[str, float, float, str]] = [
        ("recall at 1 over all copies", 0.97, ours.recall_all, ".1%"),
        ("crop to 50 % of each side", 0.90, ours.recall["crop"][1], ".1%"),
        ("turn by 90°, the weaker of two", 0.95, min(ours.recall["turn 90°"]), ".1%"),
        ("mirror, the weaker of two", 0.99, min(ours.recall["mirror"]), ".1%"),
        ("µAP over all copies", 0.90, ours.average_precision, ".1%"),
    ]
    if hashes:
        rows.append(("µAP above the better hash", 0.25, ours.average_precision - max(hashes), ".1%"))
    if teacher is not None:
        share = ours.nearest_class / teacher.nearest_class
        rows.append(("nearest neighbour by class, of the teacher's", 0.90, share, ".1%"))
    lines = ["| goal | at least | measured | |", "|---|---:|---:|---|"]
    if int8 is not None:
        rows.append(
            ("int8 times faster per photo, preprocessing included", 3.0, ours.cpu_ms / int8.cpu_ms, ".1f")
        )
    for title, least, value, form in rows:
        reached = "reached" if value >= least else "not yet"
        lines.append(f"| {title} | {least:{form}} | {value:{form}} | {reached} |")
    if int8 is not None:
        loss = most_loss(ours, int8)
        lines.append(
            f"| int8's largest loss on any line | at most 0.5 | {loss * 100:.1f} points | "
            f"{'reached' if loss <= 0.005 + 1e-9 else 'not yet'} |"
        )
    return "\n".join(lines)


def most_loss(ours: Result, int8: Result) -> float:
    """Returns by how much int8 falls behind the float file on the line where it does most."""
    lines = [
        (a, b) for name in ours.recall for a, b in zip(ours.recall[name], int8.recall[name], strict=True)
    ]
    for name in ("recall_all", "average_precision", "recall_99", "nearest_class", "class_at_5"):
        lines.append((getattr(ours, name), getattr(int8, name)))
    return max(a - b for a, b in lines)


def contact_sheet(models: Path) -> str:
    """Shows the contact sheet where there is one."""
    if not (models / "sheet.png").exists():
        return ""
    return "Ten held-out photos, each with its ten nearest look-alikes:\n\n![Contact sheet](sheet.png)"


def experiments(
    runs: Sequence[dict[str, Any]],
    evaluations: Mapping[str, Evaluation],
    logs: Mapping[str, Sequence[Mapping[str, float]]],
) -> str:
    """Tabulates ``train/experiments.toml``, figures coming from the evaluations that its rows name."""
    lines = [
        "## Experiments",
        "",
        "Recall at 1 over all copies, of crops to 50 % and of turns by 90°; µAP; nearest neighbour by class. "
        "The runs' logs, thinned, are in `train/logs`.",
        "",
        "| run | recipe | views | recall | crop | turn | µAP | class | what it showed |",
        "|---|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for run in runs:
        figures = dict(run.get("figures", {}))
        evaluation = evaluations.get(run.get("evaluation", ""))
        if evaluation is not None and "float32" in evaluation.results:
            ours = evaluation.results["float32"]
            figures = {
                "recall_all": ours.recall_all,
                "crop": ours.recall["crop"][1],
                "turn": min(ours.recall["turn 90°"]),
                "average_precision": ours.average_precision,
                "nearest_class": ours.nearest_class,
            }
        log = logs.get(run.get("log", ""))
        views = run.get("views") or (log[-1]["views"] if log else None)
        keys = ("recall_all", "crop", "turn", "average_precision", "nearest_class")
        cells = [f"{figures[key] * 100:.1f}" if key in figures else "–" for key in keys]
        seen = f"{views:,}" if views else "–"
        lines.append(
            f"| {run['name']} | {run['recipe']} | {seen} | {' | '.join(cells)} | {run.get('note', '')} |"
        )
    return "\n".join(lines)


def weakest(shown: Evaluation | None) -> str:
    """Names the kinds of copies that are found least, as measured."""
    ours = None if shown is None else shown.results.get("float32")
    if ours is None:
        return ""
    words = {each.name: (each.mild, each.strong) for each in TRANSFORMS}
    lines = [
        (recall, f"{name} ({words[name][strength]}) {recall:.1%}")
        for name, pair in ours.recall.items()
        for strength, recall in enumerate(pair)
    ]
    named = [text for _, text in sorted(lines)[:WEAKEST]]
    return f"\n- Found least, as measured above: {'; '.join(named)}."


if __name__ == "__main__":
    main()
