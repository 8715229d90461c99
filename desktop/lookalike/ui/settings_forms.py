"""The pages of the settings dialog that are plain forms: indexing, search, storage, appearance; GUI thread only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
)

from lookalike.config.settings import Appearance, Effort, Metric, Settings
from lookalike.core.errors import LookalikeError
from lookalike.ui import text, theme
from lookalike.ui.bridge import Bridge
from lookalike.ui.settings_widgets import (
    RadioColumn,
    SettingsForm,
    field_form,
    hint_label,
    page_column,
    spin_box,
    strong_label,
)

if TYPE_CHECKING:
    from lookalike.library.library import Library
    from lookalike.library.status import Status

MEGABYTE = 1_000_000
LEAST_CACHE_MB = 50
MOST_CACHE_MB = 100_000


class IndexingPage(SettingsForm):
    """How hard indexing works and how often folders are compared."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle(self.tr("Indexing"))
        self._effort = RadioColumn(
            (
                (Effort.GENTLE, self.tr("Gentle"), self.tr("One photo at a time, with pauses.")),
                (Effort.BALANCED, self.tr("Balanced"), self.tr("Half of the processor; the rest is yours.")),
                (
                    Effort.FULL,
                    self.tr("Full speed"),
                    self.tr("The whole processor, for a first large library."),
                ),
            )
        )
        self._effort.chosen.connect(self._effort_chosen)
        self.rescan = spin_box(1, 1440, self.tr(" minutes"), self.tr("Minutes between comparisons"))
        self.rescan.editingFinished.connect(self.finish)
        column = page_column(self)
        column.addWidget(strong_label(self.tr("How hard indexing works")))
        column.addWidget(self._effort)
        column.addSpacing(8)
        form = field_form()
        form.addRow(self.tr("&Compare every folder after"), self.rescan)
        column.addLayout(form)
        column.addWidget(
            hint_label(self.tr("New photos are noticed at once. The comparison catches what went unnoticed, "
                          "such as changes made by another computer."))
        )  # fmt: skip
        column.addStretch()

    def show_settings(self, settings: Settings) -> None:
        """Shows effort and interval."""
        self._effort.choose(settings.effort)
        self.rescan.setValue(settings.rescan_minutes)

    @Slot()
    def finish(self) -> None:
        """Announces the interval."""
        self.changed.emit({"rescan_minutes": self.rescan.value()})

    @Slot(object)
    def _effort_chosen(self, effort: Effort) -> None:
        self.changed.emit({"effort": effort})


class SearchPage(SettingsForm):
    """Which model looks at the photos, and how two of them are compared."""

    def __init__(self, library: Library, bridge: Bridge) -> None:
        super().__init__()
        self.setWindowTitle(self.tr("Search"))
        self._model = QLabel("…")
        self._model.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._model.setAccessibleName(self.tr("Model in use"))
        self._chosen_model = ""
        self.models = QComboBox()
        self.models.setAccessibleName(self.tr("Model"))
        self.models.addItem(self.tr("Lookalike’s own"), "")
        self.models.activated.connect(self._model_chosen)
        self.measure = QComboBox()
        self.measure.setAccessibleName(self.tr("How photos are compared"))
        self.measure.addItem(self.tr("Cosine"), Metric.COSINE)
        self.measure.addItem(self.tr("Euclidean distance"), Metric.EUCLIDEAN)
        self.measure.activated.connect(self._metric_chosen)
        column = page_column(self)
        form = field_form()
        form.addRow(self.tr("Model in use"), self._model)
        form.addRow(self.tr("&Model"), self.models)
        form.addRow(self.tr("&Compare by"), self.measure)
        column.addLayout(form)
        column.addWidget(
            hint_label(
                self.tr(
                    "Both measures put photos in the same order. A new choice takes effect at the next start;"
                    " with another model all photos are looked at again then, in the background."
                )
            )
        )
        column.addStretch()
        bridge.call(library.status(), self._show_status, self._status_failed, self)
        bridge.call(library.model_ids(), self._show_models, self._models_failed, self)

    def show_settings(self, settings: Settings) -> None:
        """Shows model and measure."""
        self._chosen_model = settings.model
        self.models.setCurrentIndex(max(0, self.models.findData(settings.model)))
        self.measure.setCurrentIndex(self.measure.findData(settings.metric))

    def model_text(self) -> str:
        """Returns what is said of the model."""
        return self._model.text()

    @Slot(int)
    def _metric_chosen(self, row: int) -> None:
        self.changed.emit({"metric": self.measure.itemData(row)})

    @Slot(int)
    def _model_chosen(self, row: int) -> None:
        self._chosen_model = self.models.itemData(row)
        self.changed.emit({"model": self._chosen_model})

    def _show_models(self, model_ids: tuple[str, ...]) -> None:
        for model_id in model_ids:
            self.models.addItem(model_id, model_id)
        self.models.setCurrentIndex(max(0, self.models.findData(self._chosen_model)))

    def _models_failed(self, error: Exception) -> None:
        self.models.setToolTip(str(error) if isinstance(error, LookalikeError) else self.tr("not known"))

    def _show_status(self, status: Status) -> None:
        self._model.setText(status.model_id)

    def _status_failed(self, error: Exception) -> None:
        self._model.setText(str(error) if isinstance(error, LookalikeError) else self.tr("not known"))


class StoragePage(SettingsForm):
    """The thumbnail cache: its size, its limit, and emptying it."""

    def __init__(self, library: Library, bridge: Bridge) -> None:
        super().__init__()
        self.setWindowTitle(self.tr("Storage"))
        self._library = library
        self._bridge = bridge
        self._used = QLabel("…")
        self._used.setAccessibleName(self.tr("Room the small pictures take"))
        self.limit = spin_box(
            LEAST_CACHE_MB, MOST_CACHE_MB, self.tr(" MB"), self.tr("Most room in megabytes")
        )
        self.limit.setSingleStep(100)
        self.limit.setGroupSeparatorShown(True)
        self.limit.editingFinished.connect(self.finish)
        self._shown_limit_bytes = 0
        self.clear_button = QPushButton(theme.icon("trash"), self.tr("&Delete small pictures"))
        self.clear_button.clicked.connect(self.clear)
        self._outcome = hint_label("")
        column = page_column(self)
        column.addWidget(
            hint_label(self.tr("Lookalike keeps a small picture of every photo, so that the grid appears at once. "
                          "They are made again from your photos when they are needed."))
        )  # fmt: skip
        form = field_form()
        form.addRow(self.tr("Small pictures take"), self._used)
        form.addRow(self.tr("At &most"), self.limit)
        column.addLayout(form)
        line = QHBoxLayout()
        line.setSpacing(12)
        line.addWidget(self.clear_button)
        line.addWidget(self._outcome, 1)
        column.addSpacing(4)
        column.addLayout(line)
        column.addStretch()
        self._ask_size()

    def show_settings(self, settings: Settings) -> None:
        """Shows the limit."""
        self._shown_limit_bytes = settings.cache_limit_bytes
        self.limit.setValue(round(settings.cache_limit_bytes / MEGABYTE))

    def used_text(self) -> str:
        """Returns what is said of the room taken."""
        return self._used.text()

    def outcome_text(self) -> str:
        """Returns what is said after emptying."""
        return self._outcome.text()

    @Slot()
    def finish(self) -> None:
        """Announces the limit; one that was merely shown rounded stays as exact as it was."""
        if self.limit.value() != round(self._shown_limit_bytes / MEGABYTE):
            self._shown_limit_bytes = self.limit.value() * MEGABYTE
            self.changed.emit({"cache_limit_bytes": self._shown_limit_bytes})

    @Slot()
    def clear(self) -> None:
        """Empties the cache."""
        self.clear_button.setEnabled(False)
        self._bridge.call(self._library.clear_thumbnails(), self._cleared, self._clear_failed, self)

    def _cleared(self, freed_bytes: int) -> None:
        self.clear_button.setEnabled(True)
        self._outcome.setText(self.tr("%1 freed.").replace("%1", text.human_size(freed_bytes)))
        self._ask_size()

    def _clear_failed(self, error: Exception) -> None:
        self.clear_button.setEnabled(True)
        self._fail(error)

    def _ask_size(self) -> None:
        self._bridge.call(self._library.status(), self._show_size, self._fail, self)

    def _show_size(self, status: Status) -> None:
        self._used.setText(text.human_size(status.cache_bytes))

    def _fail(self, error: Exception) -> None:
        if isinstance(error, LookalikeError):
            self.problem_met.emit(str(error))
        else:
            self._bridge.report(error)


class AppearancePage(SettingsForm):
    """Light, dark, or as the system has it; in force with the click."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle(self.tr("Appearance"))
        self._appearance = RadioColumn(
            (
                (Appearance.SYSTEM, self.tr("As the system"), self.tr("Light or dark, and changes with it.")),
                (Appearance.LIGHT, self.tr("Light"), ""),
                (Appearance.DARK, self.tr("Dark"), ""),
            )
        )
        self._appearance.chosen.connect(self._appearance_chosen)
        column = page_column(self)
        column.addWidget(strong_label(self.tr("Colours of the window")))
        column.addWidget(self._appearance)
        column.addStretch()

    def show_settings(self, settings: Settings) -> None:
        """Shows the choice."""
        self._appearance.choose(settings.appearance)

    @Slot(object)
    def _appearance_chosen(self, appearance: Appearance) -> None:
        self.changed.emit({"appearance": appearance})
