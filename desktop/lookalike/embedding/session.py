"""The ONNX session: pixels in, unit vectors out; one owner thread at a time, which the caller sees to.

onnxruntime is imported when the first model is opened, so that the window need not wait for it.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from lookalike.core.errors import ModelError
from lookalike.embedding.card import ModelCard
from lookalike.embedding.golden import golden_picture
from lookalike.embedding.models import ModelStore

if TYPE_CHECKING:
    import onnxruntime

log = logging.getLogger(__name__)

LENGTH_TOLERANCE = 1e-2
"""How far a row may be from unit length as the model gives it; it is made exact afterwards."""


class Embedder:
    """An open model; made by :meth:`open`.

    Attributes:
        card: The model's card.
    """

    def __init__(
        self, card: ModelCard, session: onnxruntime.InferenceSession, names: tuple[str, str]
    ) -> None:
        self.card = card
        self._session = session
        self._input, self._output = names

    @classmethod
    def open(cls, card: ModelCard, threads: int) -> Embedder:
        """Opens a model whose bytes are those that its card promises.

        The checked bytes themselves go to onnxruntime, so a file swapped in between changes nothing, and
        weights in other files are never read.

        Args:
            card: Which file, and what it must be.
            threads: Threads that one :meth:`embed` may use, at least 1.

        Raises:
            ModelError: The file is missing, damaged, no ONNX model, or does not fit its card.
        """
        name = card.file.name
        try:
            data = card.file.read_bytes()
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            raise ModelError(f"The model file “{name}” cannot be read: {reason}.") from error
        if hashlib.sha256(data).hexdigest() != card.sha256:
            raise ModelError(f"The model file “{name}” is damaged or not the one its card describes.")
        session = _open_session(data, threads, card)
        return cls(card, session, _checked_names(session, card))

    def embed(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeds a batch.

        Args:
            pixels: uint8 (N, S, S, 3), RGB, S the card's ``input_px``; N may be 0.

        Returns:
            float32 (N, dim), rows of unit length.

        Raises:
            ModelError: The model fails, or gives something other than unit vectors.
            ValueError: ``pixels`` is of another type or shape, which is a mistake of the caller.
        """
        side, dim = self.card.input_px, self.card.dim
        if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[1:] != (side, side, 3):
            raise ValueError(
                f"pixels must be uint8 (N, {side}, {side}, 3), not {pixels.dtype} {pixels.shape}"
            )
        if len(pixels) == 0:
            return np.empty((0, dim), np.float32)
        name = self.card.file.name
        try:
            rows = self._session.run([self._output], {self._input: np.ascontiguousarray(pixels)})[0]
        except Exception as error:  # onnxruntime's own exceptions share no other base
            raise ModelError(f"The model “{name}” failed: {_one_line(error)}") from error
        rows = np.asarray(rows, np.float32)
        if rows.shape != (len(pixels), dim):
            raise ModelError(
                f"The model “{name}” gives {rows.shape}, but its card promises {dim} numbers a photo."
            )
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        if not np.isfinite(lengths).all():
            raise ModelError(f"The model “{name}” gives values that are no numbers.")
        if np.abs(lengths - 1).max() > LENGTH_TOLERANCE:
            raise ModelError(f"The model “{name}” gives vectors that are not of unit length.")
        return cast("NDArray[np.float32]", rows / lengths)

    def matches_golden(self) -> bool:
        """Embeds the golden picture and compares with the card; true where the card gives no vector."""
        golden = self.card.golden
        if golden is None:
            return True
        try:
            row = self.embed(golden_picture(self.card.input_px)[None])[0]
        except ModelError as error:
            log.warning("The golden picture could not be embedded: %s", error)
            return False
        return float(row @ golden.vector) >= golden.least_cosine


def computes_rightly(card: ModelCard) -> bool:
    """Opens a model and says whether it gives the golden vector of its card on this machine.

    Raises:
        ModelError: It cannot be opened.
    """
    return Embedder.open(card, 1).matches_golden()


def working_card(
    store: ModelStore, card: ModelCard, is_right: Callable[[ModelCard], bool] = computes_rightly
) -> ModelCard:
    """Returns ``card``, or its fallback where this machine does not compute it as its maker's did.

    Some CPUs without VNNI saturate in int8 products; the float file then serves, with a model id of its own.

    Args:
        store: Where the fallback is looked up.
        card: The model wanted.
        is_right: Tries a model; a caller may remember the answer.

    Raises:
        ModelError: Neither can be opened or neither gives the vector of its card.
    """
    if is_right(card):
        return card
    if card.fallback_id:
        log.warning("%s computes wrongly on this machine; %s serves instead", card.model_id, card.fallback_id)
        fallback = store.get(card.fallback_id)
        if is_right(fallback):
            return fallback
    raise ModelError("Lookalike's model does not compute correctly on this machine.")


def _open_session(data: bytes, threads: int, card: ModelCard) -> onnxruntime.InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, threads)
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors reach us as exceptions; warnings would go to stderr
    # A spinning pool burns whole cores between two batches.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    # Weights in other files would come unchecked, and for a model given as bytes from the working directory:
    # they are looked for where no file can be, so a model that has them is refused.
    nowhere = card.file / "none"
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(nowhere))
    # Weights stay out of the arena, which would round their 45 MB up to the next power of two.
    options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions share no other base
        raise ModelError(f"The model file “{card.file.name}” cannot be opened: {_one_line(error)}") from error


def _checked_names(session: onnxruntime.InferenceSession, card: ModelCard) -> tuple[str, str]:
    """Returns the names of input and output after comparing their declared types and shapes with the card.

    Raises:
        ModelError: They do not fit.
    """
    name, side = card.file.name, card.input_px
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if (
        len(inputs) != 1
        or inputs[0].type != "tensor(uint8)"
        or not _fits(inputs[0].shape, (None, side, side, 3))
    ):
        raise ModelError(f"The model “{name}” does not take 8-bit RGB photos of {side} by {side} pixels.")
    output = next((o for o in outputs if o.name == "embedding"), outputs[0])
    if output.type != "tensor(float)" or not _fits(output.shape, (None, card.dim)):
        raise ModelError(
            f"The model “{name}” does not give {card.dim} numbers a photo, as its card promises."
        )
    if isinstance(inputs[0].shape[0], int):
        raise ModelError(
            f"The model “{name}” takes only {inputs[0].shape[0]} photos at a time; it must take any number."
        )
    return inputs[0].name, output.name


def _fits(declared: list[int | str | None], wanted: tuple[int | None, ...]) -> bool:
    """A declared side that is not a number can be anything."""
    if len(declared) != len(wanted):
        return False
    return all(not isinstance(d, int) or w is None or d == w for d, w in zip(declared, wanted, strict=True))


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return (text if len(text) <= 200 else text[:199] + "…").rstrip(".") + "."
