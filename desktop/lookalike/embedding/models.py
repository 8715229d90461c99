"""Which models there are: those shipped with the app and those the user added; no thread of its own.

Reads cards only; a model file is opened by :mod:`lookalike.embedding.session`.
"""

from __future__ import annotations

import logging
from pathlib import Path

from lookalike.core.errors import ModelError
from lookalike.embedding.card import ModelCard

log = logging.getLogger(__name__)


class ModelStore:
    """Two folders of model cards.

    Args:
        shipped: The folder that came with the app.
        added: The user's own; may not exist.
    """

    def __init__(self, shipped: Path, added: Path) -> None:
        self._shipped, self._added = shipped, added

    def all(self) -> tuple[ModelCard, ...]:
        """Returns the cards of both folders, shipped ones first, each in order of file names.

        A card of the user's that cannot be used is left out and logged, so that the others still work.

        Raises:
            ModelError: A shipped card cannot be used, which means that the installation is damaged.
        """
        cards = {card.model_id: card for card in (ModelCard.read(file) for file in _cards_in(self._shipped))}
        for file in _cards_in(self._added):
            try:
                card = ModelCard.read(file)
            except ModelError as error:
                log.warning("A model is left out: %s", error)
                continue
            cards.setdefault(card.model_id, card)
        return tuple(cards.values())

    def default(self) -> ModelCard:
        """Returns the shipped card that is marked as the default.

        Raises:
            ModelError: None is.
        """
        for card in self.all():
            if card.is_default and card.file.parent == self._shipped:
                return card
        raise ModelError("Lookalike's own model is missing; install Lookalike again.")

    def get(self, model_id: str) -> ModelCard:
        """Returns one card.

        Raises:
            ModelError: There is no such model.
        """
        for card in self.all():
            if card.model_id == model_id:
                return card
        raise ModelError(f"There is no model called “{model_id}”.")


def _cards_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))
