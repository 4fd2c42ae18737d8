"""A sweep in figures: one pass over its parts, in memory that does not grow with them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from heurex._version import __version__
from heurex.errors import ResultsError, UsageError
from heurex.estimators.base import CONVENTIONS, Ops
from heurex.estimators.sampling import ops_per_sample
from heurex.estimators.spec import label_of
from heurex.model import Rnn
from heurex.results import prepare_folder, versioned
from heurex.results.dataset import Dataset
from heurex.runs.sweep import clean_model
from heurex.scoring.ensembles import noisy_copies
from heurex.scoring.groups import Tallies, score_record
from heurex.zoo import write_model

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Summary", "summarise", "write_worst"]

_BY: Final = ("model", "size", "sigma")
_KINDS: Final = ("add", "mul", "div", "sqrt", "atan2")
_COLUMNS: Final = ("sigma", "copy", "value", "truth", "numerical_error")

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Summary:
    """What a sweep found.

    Attributes
    ----------
    record
        Scores by group and method, and the worst models, ready for JSON.
    worst
        By method's label its worst model, weights and all.
    """

    record: dict[str, Any]
    worst: Mapping[str, Rnn]


def summarise(folder: str | Path, *, by: Sequence[str] = ("model", "sigma"), worst: int = 3) -> Summary:
    """Score every method in a sweep by group, and find the models on which it errs most.

    Parameters
    ----------
    folder
        What :func:`heurex.sweep` wrote; it may be unfinished.
    by
        What makes a group: any of ``"model"``, ``"size"`` and ``"sigma"``.
    worst
        How many of the worst models of each method are listed.

    Returns
    -------
    A :class:`Summary`: a record ready for JSON, and the worst models with their weights.

    Raises
    ------
    UsageError, ResultsError
        If the grouping is not understood, or the folder holds no sweep or a damaged one.

    Notes
    -----
    Intervals are 95% percentile intervals of a bootstrap over models, in groups of more than 1,024 over 1,024 blocks
    into which they are dealt in turn. Advantage is over plain sampling at ``weighted`` operations, counted on the
    first copies of the first model of each size at each level of noise.

    Examples
    --------
    >>> import heurex, tempfile
    >>> spec = {"models": ["m22"], "sigma": [0.01], "copies": 50, "methods": ["pieces"], "count_ops": 0}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = heurex.sweep(spec, folder, processes=1)
    ...     found = heurex.summarise(folder)
    >>> [(row["label"], row["covered"]) for row in found.record["groups"][0]["methods"]]
    [('pieces', 50)]
    """
    for one in by:
        if one not in _BY:
            raise UsageError(f"groups are asked by {one!r}; expected some of {', '.join(_BY)}")
    if worst < 0:
        raise UsageError(f"worst is {worst}; expected 0 or more")
    dataset = Dataset.open(folder)
    asked = dataset.manifest()
    reader = _Reader(asked, tuple(by), worst)
    for table in dataset.tables():
        reader.take(table)
    groups = [reader.group_record(key) for key in reader.tallies]
    listed, models = _worst_models(dataset, asked, reader)
    record = versioned(
        "summarise",
        {
            "heurex": __version__,
            "folder": str(folder),
            "truth": asked["truth"],
            "models": reader.models,
            "expected_models": _expected(asked),
            "by": list(by),
            "convention": "weighted",
            "groups": groups,
            "worst": listed,
        },
    )
    return Summary(record, models)


def _expected(asked: Mapping[str, Any]) -> int:
    return len(asked["models"]) * sum(1 if sigma == 0 else asked["copies"] for sigma in asked["sigma"])


@dataclass(frozen=True)
class _Part:
    """The columns of a part that scores need, a row for each method where they differ by method."""

    names: np.ndarray
    sizes: np.ndarray
    sigma: np.ndarray
    copy: np.ndarray
    truth: np.ndarray
    values: np.ndarray
    errors: np.ndarray
    counts: np.ndarray
    note: np.ndarray

    @classmethod
    def of(cls, table: pa.Table, methods: int) -> _Part:
        """From its table, estimator by estimator."""
        if table.num_rows % methods:
            raise ResultsError(
                f"a part has {table.num_rows} rows of {methods} methods; expected as many of each"
            )

        def column(name: str, kind: Any = np.float64) -> np.ndarray:
            found = table.column(name).to_numpy()
            return np.asarray(found, kind).reshape(methods, -1)

        names = table.column("model").combine_chunks().dictionary_encode()
        texts = np.array(names.dictionary.to_pylist(), object)
        return cls(
            texts[names.indices.to_numpy()].reshape(methods, -1)[0],
            np.stack([column("hidden_size", np.int64)[0], column("seq_len", np.int64)[0]], axis=1),
            column("sigma")[0],
            column("copy", np.int64)[0],
            column("truth")[0],
            column("value"),
            column("numerical_error"),
            np.stack([column(f"ops_{kind}") for kind in _KINDS], axis=-1),
            column("ops_note"),
        )

    def runs(self) -> Iterator[slice]:
        """Neighbours of one model and level."""
        models = len(self.names)
        changes = (self.names[1:] != self.names[:-1]) | (self.sigma[1:] != self.sigma[:-1])
        edges = [0, *(np.flatnonzero(changes) + 1).tolist(), models]
        for first, end in pairwise(edges):
            yield slice(first, end)


@dataclass
class _Counted:
    """Operations counted so far."""

    models: int = 0
    ops: np.ndarray = field(default_factory=lambda: np.zeros(len(_KINDS)))
    note: float = 0.0
    noted: int = 0


class _Reader:
    """Takes in part after part."""

    def __init__(self, asked: Mapping[str, Any], by: tuple[str, ...], worst: int) -> None:
        self.by, self.keep = by, worst
        truth = asked["truth"]
        key = None if truth is None else (truth["estimator"], truth["settings"])
        described = [one for one in asked["methods"] if (one["estimator"], one["settings"]) != key]
        self.has_truth = truth is not None
        self.methods = [*([truth] if truth else []), *described]
        # the truth is scored only where there is nothing else
        self.scored = list(range(1, len(self.methods))) if truth else list(range(len(self.methods)))
        self.tallies: dict[Key, Tallies] = {}
        self.sizes: dict[Key, set[tuple[int, int]]] = {}
        self.counted: dict[tuple[Any, ...], _Counted] = {}
        self.worst: dict[int, list[dict[str, Any]]] = {method: [] for method in self.scored}
        self.models = 0

    def take(self, table: pa.Table) -> None:
        """One part."""
        part = _Part.of(table, len(self.methods))
        bounds = np.nan_to_num(part.errors)
        both = bounds + bounds[:1] if self.has_truth else bounds
        for run in part.runs():
            size = (int(part.sizes[run][0, 0]), int(part.sizes[run][0, 1]))
            here: dict[str, Any] = {
                "model": str(part.names[run][0]),
                "size": list(size),
                "sigma": float(part.sigma[run][0]),
            }
            key = tuple((name, _frozen(here[name])) for name in self.by)
            tallies = self.tallies.setdefault(key, Tallies(len(self.scored)))
            tallies.add(part.values[self.scored][:, run], part.truth[run], both[self.scored][:, run])
            self.sizes.setdefault(key, set()).add(size)
            self._count(part, run, size, here["sigma"])
        self._find_worst(part)
        self.models += len(part.names)

    def _count(self, part: _Part, run: slice, size: tuple[int, int], sigma: float) -> None:
        for method in self.scored:
            ops, note = part.counts[method, run], part.note[method, run]
            known, noted = np.isfinite(ops[:, 0]), np.isfinite(note)
            if not known.any() and not noted.any():
                continue
            for key in ((size, sigma, method), (size, method)):
                found = self.counted.setdefault(key, _Counted())
                found.models += int(known.sum())
                found.ops = found.ops + ops[known].sum(axis=0)
                found.note, found.noted = (
                    found.note + float(note[noted].sum()),
                    found.noted + int(noted.sum()),
                )

    def _find_worst(self, part: _Part) -> None:
        for method in self.scored:
            distance = np.abs(part.values[method] - part.truth)
            known = np.flatnonzero(np.isfinite(distance))
            for i in known[np.argsort(-distance[known], kind="stable")[: self.keep]]:
                self.worst[method].append(
                    {
                        "model": str(part.names[i]),
                        "sigma": float(part.sigma[i]),
                        "copy": int(part.copy[i]),
                        "value": float(part.values[method, i]),
                        "truth": float(part.truth[i]),
                        "error": float(part.values[method, i] - part.truth[i]),
                    }
                )
            self.worst[method].sort(key=lambda one: -abs(one["error"]))
            del self.worst[method][self.keep :]

    def label(self, method: int) -> str:
        """A method in a line."""
        one = self.methods[method]
        return label_of(one["estimator"], json.loads(one["settings"]))

    def group_record(self, key: Key) -> dict[str, Any]:
        """A group with the scores of all methods in it."""
        tallies, sizes = self.tallies[key], self.sizes[key]
        group: dict[str, Any] = {
            name: list(value) if isinstance(value, tuple) else value for name, value in key
        }
        entries = [self._entry(tallies, i, sizes, group.get("sigma")) for i in range(len(self.scored))]
        return {**group, "models": tallies.models, "methods": entries}

    def _entry(
        self, tallies: Tallies, i: int, sizes: set[tuple[int, int]], sigma: float | None
    ) -> dict[str, Any]:
        method = self.scored[i]
        ops, per_sample = None, 0.0
        if len(sizes) == 1:
            (size,) = sizes
            found = self.counted.get((size, sigma, method)) or self.counted.get((size, method))
            per_sample = _sample_ops(size)
            if found is not None and found.models:
                weights = CONVENTIONS["weighted"].weights()
                ops = float(sum(weights[kind] * found.ops[k] for k, kind in enumerate(_KINDS)) / found.models)
        one = self.methods[method]
        common = score_record(tallies.common(i))
        return {
            "label": self.label(method),
            "estimator": one["estimator"],
            "settings": json.loads(one["settings"]),
            "kind": one["kind"],
            "coverage": float(tallies.covered(i)[:, 0].sum() / tallies.models),
            **score_record(tallies.covered(i), ops, per_sample),
            "ops": ops,
            "common": {
                key: common[key]
                for key in (
                    "covered",
                    "exact",
                    "rmse",
                    "rmse_interval",
                    "bias",
                    "bias_interval",
                    "guess_rmse",
                )
            },
        }


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _sample_ops(size: tuple[int, int]) -> float:
    d, n = size
    ops: Ops = ops_per_sample(Rnn(np.ones(d), np.ones((d, d)), np.ones((n, d))))
    return float(ops.total("weighted"))


def _worst_models(
    dataset: Dataset, asked: Mapping[str, Any], reader: _Reader
) -> tuple[list[dict[str, Any]], dict[str, Rnn]]:
    """The worst models of each method as records, and the very worst with their weights."""
    listed: list[dict[str, Any]] = []
    models: dict[str, Rnn] = {}
    order = {one["name"]: i for i, one in enumerate(asked["models"])}
    for method, found in reader.worst.items():
        label = reader.label(method)
        for one in found:
            listed.append({"label": label, **one, "seed": asked["seed"] if one["sigma"] > 0 else 0})
        if found:
            first = found[0]
            which = order[first["model"]]
            model = clean_model(dataset, which, first["model"], asked["models"][which]["task"])
            if first["sigma"] > 0:
                model = noisy_copies(model, first["sigma"], 1, asked["seed"], first=first["copy"])[0]
            models[label] = model
    return listed, models


def write_worst(found: Summary, folder: Path) -> dict[str, Path]:
    """Write each method's worst model as a weight file; returns the files by the methods' labels.

    Raises
    ------
    ResultsError
        If the folder cannot be written.
    """
    if not found.worst:
        return {}
    prepare_folder(folder)
    files: dict[str, Path] = {}
    for label, model in found.worst.items():
        path = folder / (re.sub(r"[^\w.-]+", "_", label).strip("_") + ".safetensors")
        first = next(one for one in found.record["worst"] if one["label"] == label)
        made = {key: str(first[key]) for key in ("model", "sigma", "seed", "copy")}
        write_model(model, path, {"task": model.task, "worst_of": label, **made})
        files[label] = path
    return files
