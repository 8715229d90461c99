"""Small segments are searched by the index process, too, so that tests reach it with a few hundred rows."""

from __future__ import annotations

import pytest

from lookalike.index import blend


@pytest.fixture(autouse=True)
def graphs_for_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a graph answer whenever it holds more rows than are fetched."""
    monkeypatch.setattr(blend, "EXACT_SHARE", 1)
