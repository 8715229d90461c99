"""Which model serves, found out once and remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from lookalike.config.assets import models_folder
from lookalike.embedding.card import ModelCard
from lookalike.embedding.models import ModelStore
from lookalike.library import model
from lookalike.library.model import open_shared


def test_where_the_default_computes_wrongly_its_fallback_serves_and_that_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ModelStore(models_folder(), tmp_path / "none")
    default = store.default()
    tried: list[str] = []
    told: list[str] = []

    def computes(card: ModelCard) -> bool:
        tried.append(card.model_id)
        return card.model_id != default.model_id

    monkeypatch.setattr(model, "computes_rightly", computes)
    for _ in range(2):
        shared = open_shared(store, "", tmp_path / "memo.json", told.append)
        assert shared.card.model_id == default.fallback_id
    assert tried == [default.model_id, default.fallback_id]
    assert len(told) == 2


def test_an_unknown_model_is_told_and_the_default_serves(tmp_path: Path) -> None:
    store = ModelStore(models_folder(), tmp_path / "none")
    told: list[str] = []
    shared = open_shared(store, "gone", tmp_path / "memo.json", told.append)
    assert shared.card.model_id == store.default().model_id
    assert "“gone”" in told[0]
