"""A sweep as numbered parts, each a few thousand neighbouring models under every method, computed as columns."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from heurex.errors import NotApplicable
from heurex.estimators.base import Estimator, Ops, StackEstimate, Status
from heurex.estimators.spec import method_key
from heurex.model import Rnn, RnnStack
from heurex.results.dataset import dataset_schema
from heurex.runs.job import described
from heurex.scoring.ensembles import noise

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Ensemble", "Plan"]

_QUICK: Final = 2048
_SLOW: Final = 32
_STATUSES: Final = tuple(Status)


@dataclass(frozen=True)
class Level:
    """Noise, how many copies at it, and how many come before it among the copies of a model."""

    sigma: float
    copies: int
    before: int


@dataclass(frozen=True)
class Ensemble:
    """Clean models of one size and task with all their copies, in one order: model, noise level, copy."""

    stack: RnnStack
    names: tuple[str, ...]
    levels: tuple[Level, ...]

    @property
    def of_each(self) -> int:
        """How many models are made of each clean one."""
        return self.levels[-1].before + self.levels[-1].copies

    def __len__(self) -> int:
        return len(self.stack) * self.of_each

    def runs(self, first: int, count: int) -> Iterator[tuple[int, Level, int, int]]:
        """What some neighbours are: clean model, level, first copy and number of copies of each run of them."""
        at, end = first, first + count
        while at < end:
            model, inside = divmod(at, self.of_each)
            level = next(one for one in reversed(self.levels) if one.before <= inside)
            copy = inside - level.before
            size = min(level.copies - copy, end - at)
            yield model, level, copy, size
            at += size


@dataclass(frozen=True)
class Plan:
    """Everything that the rows of a sweep follow from; any part can be computed anywhere, in any order.

    Attributes
    ----------
    models
        The clean models; their names tell them apart.
    sigmas, copies, seed
        Noise levels, copies at each of them, and the seed of the noise; copy i depends on (seed, i) only. At level 0
        each model stands for itself, once.
    methods
        What is run, in order.
    truth
        What errors are measured against; its rows come first. None: nothing.
    count_ops
        On how many copies of the first model of each size operations are counted, at each level.
    chunk
        Models in a part; None: 2048 for up to three inputs, 32 beyond.
    """

    models: tuple[Rnn, ...]
    sigmas: tuple[float, ...]
    copies: int
    seed: int
    methods: tuple[Estimator, ...]
    truth: Estimator | None
    count_ops: int
    chunk: int | None = None

    @cached_property
    def estimators(self) -> tuple[Estimator, ...]:
        """What is run on every model, truth first."""
        if self.truth is None:
            return self.methods
        key = method_key(self.truth)
        return (self.truth, *(one for one in self.methods if method_key(one) != key))

    @cached_property
    def ensembles(self) -> tuple[Ensemble, ...]:
        """The models by size and task, in the order of their first one."""
        levels: list[Level] = []
        before = 0
        for sigma in self.sigmas:
            levels.append(Level(sigma, 1 if sigma == 0 else self.copies, before))
            before += levels[-1].copies
        alike: dict[tuple[int, int, str], list[Rnn]] = {}
        for model in self.models:
            alike.setdefault((model.hidden_size, model.seq_len, model.task), []).append(model)
        return tuple(
            Ensemble(RnnStack.of(group), tuple(one.name for one in group), tuple(levels))
            for group in alike.values()
        )

    @cached_property
    def _first_parts(self) -> list[int]:
        """The number of each ensemble's first part, and of all parts."""
        found = [0]
        for one in self.ensembles:
            found.append(found[-1] + -(-len(one) // self._chunk_of(one)))
        return found

    def _chunk_of(self, ensemble: Ensemble) -> int:
        return self.chunk or (_QUICK if ensemble.stack.seq_len <= 3 else _SLOW)

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return self._first_parts[-1]

    @property
    def size(self) -> int:
        """How many models there are, copies included."""
        return sum(len(one) for one in self.ensembles)

    def _place(self, part: int) -> tuple[Ensemble, int, int]:
        """A part's ensemble, and its first model and number of models there."""
        which = int(np.searchsorted(self._first_parts, part, side="right")) - 1
        ensemble = self.ensembles[which]
        first = (part - self._first_parts[which]) * self._chunk_of(ensemble)
        return ensemble, first, min(self._chunk_of(ensemble), len(ensemble) - first)

    def models_in(self, part: int) -> int:
        """How many models a part has."""
        return self._place(part)[2]

    def table(self, part: int) -> pa.Table:
        """Compute a part: the rows of the results table, estimator by estimator, models in order."""
        import pyarrow as pa

        ensemble, first, count = self._place(part)
        models = _Models.of(ensemble, first, count, self.seed)
        truth: np.ndarray | None = None
        tables: list[pa.Table] = []
        for estimator in self.estimators:
            begun = time.perf_counter()
            found = _estimated(estimator, models.stack)
            wall = (time.perf_counter() - begun) / count
            if truth is None:
                truth = found.value if self.truth is not None else np.full(count, np.nan)
            counted = self._count(estimator, models)
            tables.append(models.rows(estimator, found, truth, counted, wall))
        return pa.concat_tables(tables).combine_chunks()

    def _count(self, estimator: Estimator, models: _Models) -> dict[str, np.ndarray]:
        """Counted operations by column, NaN where they are not counted."""
        names = [*(f"ops_{f.name}" for f in fields(Ops)), "ops_note"]
        columns = {name: np.full(len(models.stack), np.nan) for name in names}
        for i in np.flatnonzero((models.model == 0) & (models.copy < self.count_ops)):
            try:
                one = estimator.estimate(models.stack[int(i)])
            except NotApplicable:
                continue
            found: dict[str, float | None] = {"ops_note": one.note_ops}
            if one.ops is not None:
                found |= {f"ops_{kind}": number for kind, number in asdict(one.ops).items()}
            for name, number in found.items():
                columns[name][i] = np.nan if number is None else number
        return columns

    def asked(self) -> dict[str, Any]:
        """Everything that the rows depend on, ready for JSON."""
        return {
            "sweep": 1,
            "models": [
                {
                    "name": one.name,
                    "hash": one.fingerprint(),
                    "d": one.hidden_size,
                    "n": one.seq_len,
                    "task": one.task,
                }
                for one in self.models
            ],
            "sigma": list(self.sigmas),
            "copies": self.copies,
            "seed": self.seed,
            "methods": [described(one) for one in self.methods],
            "truth": None if self.truth is None else described(self.truth),
            "count_ops": self.count_ops,
            "chunk": [self._chunk_of(one) for one in self.ensembles],
        }


@dataclass(frozen=True)
class _Models:
    """The models of a part, and how each was made, as columns."""

    stack: RnnStack
    names: tuple[str, ...]
    model: np.ndarray
    sigma: np.ndarray
    seed: np.ndarray
    copy: np.ndarray

    @classmethod
    def of(cls, ensemble: Ensemble, first: int, count: int, seed: int) -> _Models:
        """Make them."""
        clean = ensemble.stack
        d, n = clean.hidden_size, clean.seq_len
        weights = np.concatenate(
            [clean.w_hi, clean.w_hh.reshape(len(clean), -1), clean.w_oh.reshape(len(clean), -1)], axis=1
        )
        made = np.empty((count, weights.shape[1]))
        model, copy, seeds = (np.empty(count, np.int64) for _ in range(3))
        sigma = np.empty(count)
        at = 0
        for which, level, first_copy, size in ensemble.runs(first, count):
            rows = slice(at, at + size)
            made[rows] = weights[which]
            if level.sigma > 0:
                made[rows] += level.sigma * noise(seed, first_copy, size, weights.shape[1])
            model[rows], sigma[rows], seeds[rows] = which, level.sigma, seed if level.sigma > 0 else 0
            copy[rows] = np.arange(first_copy, first_copy + size)
            at += size
        hi, hh, oh = np.split(made, [d, d + d * d], axis=1)
        stack = RnnStack(hi, hh.reshape(count, d, d), oh.reshape(count, n, d), task=clean.task)
        return cls(stack, ensemble.names, model, sigma, seeds, copy)

    @cached_property
    def made(self) -> dict[str, pa.Array]:
        """The columns that say which models these are."""
        import pyarrow as pa

        count = len(self.stack)
        noisy = self.sigma > 0
        return {
            "model": _texts(self.names, self.model),
            "model_hash": pa.array(self.stack.fingerprints(), pa.string()),
            "origin": _texts(("clean", "noisy copy"), noisy.astype(np.int64)),
            "sigma": pa.array(self.sigma),
            "seed": pa.array(self.seed),
            "copy": pa.array(self.copy),
            "hidden_size": pa.array(np.full(count, self.stack.hidden_size)),
            "seq_len": pa.array(np.full(count, self.stack.seq_len)),
        }

    def rows(
        self,
        estimator: Estimator,
        found: StackEstimate,
        truth: np.ndarray,
        counted: dict[str, np.ndarray],
        wall: float,
    ) -> pa.Table:
        """One estimator's rows."""
        import pyarrow as pa

        count = len(self.stack)
        name, settings = method_key(estimator)
        same = np.zeros(count, np.int64)
        order = {status: i for i, status in enumerate(_STATUSES)}
        status = np.fromiter((order[one] for one in found.status), np.int64, count)
        columns = self.made | {
            "estimator": _texts((name,), same),
            "kind": _texts((estimator.kind,), same),
            "settings": _texts((settings,), same),
            "value": _numbers(found.value),
            "truth": _numbers(truth),
            "error": _numbers(found.value - truth),
            "numerical_error": _numbers(found.numerical_error),
            "standard_error": _numbers(found.standard_error),
            "status": _texts(tuple(map(str, _STATUSES)), status),
            **{key: _numbers(column).cast(pa.int64()) for key, column in counted.items()},
            "wall_s": pa.array(np.full(count, wall)),
        }
        schema = dataset_schema()
        return pa.table([columns[key] for key in schema.names], schema=schema)


def _estimated(estimator: Estimator, stack: RnnStack) -> StackEstimate:
    try:
        return estimator.estimate_stack(stack)
    except NotApplicable:
        blank = np.full(len(stack), np.nan)
        return StackEstimate(blank, blank, blank, [Status.NOT_APPLICABLE] * len(stack))


def _numbers(values: np.ndarray) -> pa.Array:
    """Null for what is not finite."""
    import pyarrow as pa

    return pa.array(values, pa.float64(), mask=~np.isfinite(values))


def _texts(choices: tuple[str, ...], which: np.ndarray) -> pa.Array:
    import pyarrow as pa

    # only the names that occur: there may be many models
    used, codes = np.unique(which, return_inverse=True)
    texts = pa.array([choices[int(i)] for i in used], pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), texts).cast(pa.string())
