"""The record of a folder of trained models: what each file's header says, and its accuracy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from heurex.errors import ModelError, NotApplicable, ResultsError, UsageError
from heurex.estimators import Exact, Sampling
from heurex.estimators.base import Status
from heurex.model import Rnn
from heurex.results import versioned, write_json
from heurex.zoo.files import read_metadata, read_model
from heurex.zoo.ladder import INDEX, LadderModel, read

__all__ = ["Agreement", "accuracy_of", "agreement", "index_folder"]

_VERSIONS: Final = ("heurex", "torch", "python")


@dataclass(frozen=True)
class Agreement:
    """A recorded accuracy beside fresh random inputs.

    Attributes
    ----------
    recorded
        The model's record; its accuracy is what is checked.
    sampled, standard_error
        Accuracy on fresh inputs, and the standard error of their difference from the record.
    z
        The difference, record minus sample, in standard errors.
    """

    recorded: LadderModel
    sampled: float
    standard_error: float
    z: float


def agreement(
    models: Sequence[LadderModel],
    samples: int,
    seed: int,
    advance: Callable[[str], None] = lambda _file: None,
) -> list[Agreement]:
    """Check the recorded accuracies of bundled models against fresh inputs.

    Parameters
    ----------
    models
        Records of the ladder.
    samples, seed
        Inputs drawn for each model; a seed other than 0, from which sampled records stem.
    advance
        Called with each file's name when it is done.
    """
    if seed == 0:
        raise UsageError("seed is 0, which the recorded accuracies were sampled with; expected another one")
    found: list[Agreement] = []
    for one in models:
        sampled = Sampling(samples=samples, seed=seed).estimate(read(one))
        p = one.accuracy
        # Under the record: the spread is that of p, not of what was drawn.
        error = math.hypot(
            math.sqrt(p * (1 - p) / samples), one.accuracy_error if one.accuracy_kind == "sampled" else 0.0
        )
        off = one.accuracy - sampled.value
        found.append(
            Agreement(
                one, sampled.value, error, off / error if error > 0 else (0.0 if off == 0 else math.inf)
            )
        )
        advance(one.file)
    return found


def accuracy_of(model: Rnn, samples: int, seed: int = 0) -> tuple[float, float, str]:
    """A model's accuracy, exact where that can be had.

    Returns
    -------
    The accuracy; a bound on its error and ``"exact"``, or its standard error and ``"sampled"``.
    """
    try:
        exact = Exact().estimate(model)
    except NotApplicable:
        exact = None
    if exact is not None and exact.status is Status.OK:
        return exact.value, exact.numerical_error, "exact"
    sampled = Sampling(samples=samples, seed=seed).estimate(model)
    return sampled.value, float(sampled.standard_error or 0.0), "sampled"


def index_folder(
    folder: Path, samples: int, advance: Callable[[str], None] = lambda _file: None
) -> list[LadderModel]:
    """Measure all models that ``heurex zoo train`` left in a folder, and write ``index.json`` beside them.

    Parameters
    ----------
    folder
        Holds ``.safetensors`` files with their recipe in the header.
    samples
        Inputs drawn where accuracy is sampled.
    advance
        Called with each file's name when it is done.

    Raises
    ------
    ResultsError, UsageError
        If there is no such folder, or it holds no weights.
    ModelError
        If a file's header lacks what training writes there.
    """
    if not folder.is_dir():
        raise ResultsError(f"{folder} is no folder; expected what heurex zoo train writes")
    paths = sorted(folder.glob("*.safetensors"))
    if not paths:
        raise UsageError(f"{folder} holds no .safetensors file; expected what heurex zoo train writes")
    found: list[LadderModel] = []
    for path in paths:
        found.append(_record(path, samples))
        advance(path.name)
    record = {"samples": samples, "models": [asdict(one) for one in found]}
    write_json(versioned("index", record), folder / INDEX)
    return found


def _record(path: Path, samples: int) -> LadderModel:
    header: dict[str, Any] = read_metadata(path)
    accuracy, error, kind = accuracy_of(read_model(path), samples)
    try:
        return LadderModel(
            file=path.name,
            task=header["task"],
            hidden_size=int(header["hidden_size"]),
            seq_len=int(header["seq_len"]),
            seed=int(header["seed"]),
            sequences=int(header["sequences"]),
            schedule_sequences=int(header["schedule_sequences"]),
            loss=float(header["loss"]),
            accuracy=accuracy,
            accuracy_error=error,
            accuracy_kind=kind,
            wall_s=float(header["wall_s"]) if "wall_s" in header else None,
            versions={name: header[name] for name in _VERSIONS if name in header},
        )
    except (KeyError, ValueError) as error:
        raise ModelError(
            f"{path} has no usable record in its header ({error}); expected what training writes"
        ) from None
