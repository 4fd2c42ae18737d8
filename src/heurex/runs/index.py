"""The record of a folder of trained models: what each file's header says, and its accuracy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from heurex.errors import ModelError, NotApplicable, UsageError
from heurex.estimators import Exact, Sampling
from heurex.estimators.base import Status
from heurex.model import Rnn
from heurex.results import write_json
from heurex.zoo.files import read_metadata, read_model
from heurex.zoo.ladder import INDEX, LadderModel

__all__ = ["accuracy_of", "index_folder"]

_VERSIONS: Final = ("heurex", "torch", "python")


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
    ModelError
        If a file's header lacks what training writes there.
    """
    paths = sorted(folder.glob("*.safetensors"))
    if not paths:
        raise UsageError(f"{folder} holds no .safetensors file; expected what heurex zoo train writes")
    found: list[LadderModel] = []
    for path in paths:
        found.append(_record(path, samples))
        advance(path.name)
    write_json({"samples": samples, "models": [asdict(record) for record in found]}, folder / INDEX)
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
