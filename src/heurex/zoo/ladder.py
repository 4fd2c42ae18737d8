"""The bundled ladder: models of many sizes trained by ``heurex zoo train``, each with its record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from heurex.errors import UsageError
from heurex.model import Rnn
from heurex.zoo.files import read_model

__all__ = ["LadderModel", "load", "models"]

_FOLDER: Final = "weights"
INDEX: Final = "index.json"


@dataclass(frozen=True)
class LadderModel:
    """A trained model and its record.

    Attributes
    ----------
    file
        Weight file below the index.
    task, hidden_size, seq_len, seed
        What was trained.
    sequences, schedule_sequences
        How long, and the length of the schedule that set the learning rate.
    loss
        Cross-entropy in nats on fresh inputs after training.
    accuracy, accuracy_error, accuracy_kind
        ``"exact"`` with a bound on its error, or ``"sampled"`` with its standard error.
    wall_s
        Seconds that its training took, all seeds of the size side by side.
    versions
        Of what trained it.
    """

    file: str
    task: str
    hidden_size: int
    seq_len: int
    seed: int
    sequences: int
    schedule_sequences: int
    loss: float | None
    accuracy: float
    accuracy_error: float
    accuracy_kind: str
    wall_s: float | None
    versions: Mapping[str, str]


@cache
def models() -> tuple[LadderModel, ...]:
    """All bundled models of the ladder, by d, n and seed."""
    text = (resources.files("heurex.zoo") / _FOLDER / "ladder" / INDEX).read_text(encoding="utf-8")
    records: list[dict[str, Any]] = json.loads(text)["models"]
    found = [LadderModel(**record) for record in records]
    return tuple(sorted(found, key=lambda model: (model.hidden_size, model.seq_len, model.seed)))


def find(hidden_size: int, seq_len: int, seed: int | None) -> LadderModel:
    """The model of a size and seed; by default the seed of the highest accuracy.

    Raises
    ------
    UsageError
        If it is not bundled; the message lists what is.
    """
    of_size = [
        model
        for model in models()
        if (model.task, model.hidden_size, model.seq_len) == ("2nd_argmax", hidden_size, seq_len)
    ]
    if not of_size:
        sizes = " ".join(
            f"{d},{n}"
            for d, n in sorted({(m.hidden_size, m.seq_len) for m in models() if m.task == "2nd_argmax"})
        )
        raise UsageError(
            f"no model with d = {hidden_size}, n = {seq_len} is bundled; expected one of {sizes}, "
            "or train it: heurex zoo train"
        )
    if seed is None:
        return max(of_size, key=lambda model: model.accuracy)
    for model in of_size:
        if model.seed == seed:
            return model
    seeds = ", ".join(str(model.seed) for model in of_size)
    raise UsageError(f"seed {seed} of zoo:{hidden_size},{seq_len} is not bundled; expected one of {seeds}")


def load(hidden_size: int, seq_len: int, seed: int | None = None) -> Rnn:
    """A bundled model's weights; by default those of the seed with the highest accuracy."""
    return read(find(hidden_size, seq_len, seed))


def read(model: LadderModel) -> Rnn:
    """The weights of a record."""
    with resources.as_file(resources.files("heurex.zoo") / _FOLDER / "ladder") as folder:
        return read_model(folder / model.file)
