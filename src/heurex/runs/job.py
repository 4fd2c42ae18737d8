"""What a run is asked for, cut into chunks that anyone can compute in any order."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from heurex.errors import NotApplicable, UsageError
from heurex.estimators import Exact, External
from heurex.estimators.base import Estimator
from heurex.estimators.exact4 import LARGEST
from heurex.estimators.spec import method_key
from heurex.model import Rnn, RnnStack
from heurex.results import Row
from heurex.runs.local import CHUNK, Origin, rows_of
from heurex.scoring.ensembles import noisy_copies

__all__ = ["Chunk", "Job", "Source", "described", "exact_in_reach", "truth_estimator"]


def truth_estimator() -> Estimator:
    """The exact accuracy that errors are measured against: by regions, the way that no other method shares."""
    return Exact(by="regions")


def exact_in_reach(model: Rnn) -> bool:
    """Whether a model has so few inputs and neurons that its exact accuracy can be had."""
    return model.seq_len <= 3 or (model.seq_len == 4 and model.hidden_size <= LARGEST)


@dataclass(frozen=True)
class Source:
    """Models of one size that are made alike, and what is to be run on them.

    Attributes
    ----------
    origin
        ``"clean"``, ``"noisy copy"`` (of the one model here) or ``"given"``.
    stack, names
        The clean model or models.
    models
        How many models it yields.
    estimators
        What is run, in order.
    """

    origin: str
    stack: RnnStack
    names: tuple[str, ...]
    models: int
    estimators: tuple[Estimator, ...]


@dataclass(frozen=True)
class Chunk:
    """A few neighbouring models of a source under one of its estimators."""

    source: int
    estimator: int
    first: int
    count: int


@dataclass(frozen=True)
class Job:
    """Methods on ensembles of models; the same job has the same rows whoever computes them.

    Parameters
    ----------
    models
        The clean models, of any sizes that the truth is known for.
    methods
        What is scored.
    sigma, copies, seed
        Noise on every weight and how many copies of each model; copy i depends on (seed, i) only. With sigma 0
        the models themselves are the ensemble, and ``copies`` and ``seed`` do not matter.
    count_ops
        On how many of the first models of each ensemble operations are counted.
    truth
        What errors are measured against.
    on_clean
        Whether methods are run on the clean models too, where there are copies.
    uncounted
        Methods whose operations are never counted: the same methods with another seed, say.
    timed
        Whether rows say how long they took; they are then not the same whenever they are made.

    Raises
    ------
    UsageError, NotApplicable
        If a number is out of range, a model is given twice, or its exact accuracy is out of reach.
    """

    models: tuple[Rnn, ...]
    methods: tuple[Estimator, ...]
    sigma: float
    copies: int
    seed: int
    count_ops: int
    truth: Estimator = field(default_factory=truth_estimator)
    on_clean: bool = False
    uncounted: tuple[Estimator, ...] = ()
    timed: bool = False

    def __post_init__(self) -> None:
        if not self.models or not self.methods:
            raise UsageError(f"there are no {'methods' if self.models else 'models'}; expected at least one")
        if self.count_ops < 0:
            raise UsageError(f"operations are to be counted on {self.count_ops} models; expected 0 or more")
        for model in self.models:
            if self.truth.kind == "exact" and not exact_in_reach(model):
                raise NotApplicable(
                    f"errors are measured against the exact accuracy, which needs n = 2 or 3 inputs, or n = 4 and at "
                    f"most {LARGEST} neurons; the model {model.name!r} has d = {model.hidden_size}, n = {model.seq_len}"
                )
        noisy_copies(self.models[0], self.sigma, min(self.copies, 1), self.seed)
        hashes = [model.fingerprint() for model in self.models]
        if self.sigma > 0 and len(set(hashes)) < len(hashes):
            raise UsageError(
                "a model is given twice, and its noisy copies would be equal; expected different models"
            )

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The ensembles in the order of the table, truth first."""
        truth = self.truth
        methods = (truth, *(one for one in self.methods if method_key(one) != method_key(truth)))
        sizes = list(dict.fromkeys((model.hidden_size, model.seq_len) for model in self.models))
        named = _named(self.models) if self.sigma > 0 else [(model.name, model) for model in self.models]
        alike = [
            [(name, model) for name, model in named if (model.hidden_size, model.seq_len) == size]
            for size in sizes
        ]
        if self.sigma == 0:
            return tuple(_source("given", pairs, len(pairs), methods) for pairs in alike)
        on_clean = methods if self.on_clean else (truth,)
        clean = [_source("clean", pairs, len(pairs), on_clean) for pairs in alike]
        return (
            *clean,
            *(_source("noisy copy", [pair], self.copies, methods) for pairs in alike for pair in pairs),
        )

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        """All pieces of work, in the order of the table."""
        return tuple(
            Chunk(s, e, first, min(CHUNK, source.models - first))
            for s, source in enumerate(self.sources)
            for e in range(len(source.estimators))
            for first in range(0, source.models, CHUNK)
        )

    def models_of(self, chunk: Chunk) -> tuple[RnnStack, Origin]:
        """The models of a chunk and where they come from."""
        source = self.sources[chunk.source]
        if source.origin == "noisy copy":
            origin = Origin(source.origin, self.sigma, self.seed, chunk.first, source.names * chunk.count)
            return noisy_copies(
                source.stack[0], self.sigma, chunk.count, self.seed, first=chunk.first
            ), origin
        part = slice(chunk.first, chunk.first + chunk.count)
        return source.stack[part], Origin(source.origin, first_copy=chunk.first, names=source.names[part])

    def rows(self, chunk: Chunk) -> list[Row]:
        """Compute a chunk: rows without times, the same wherever it is computed."""
        part, origin = self.models_of(chunk)
        estimator = self.sources[chunk.source].estimators[chunk.estimator]
        asked = estimator in self.methods and origin.origin != "clean"
        asked &= estimator not in self.uncounted
        wanted = self.count_ops - chunk.first if asked else 0
        return rows_of(part, origin, estimator, count_ops=wanted, timed=self.timed)

    def asked(self) -> dict[str, Any]:
        """Everything that the rows depend on, ready for JSON."""
        return {
            "models": [
                {"name": one.name, "hash": one.fingerprint(), "d": one.hidden_size, "n": one.seq_len}
                for one in self.models
            ],
            "sigma": self.sigma,
            "copies": self.copies if self.sigma > 0 else None,
            "seed": self.seed if self.sigma > 0 else None,
            "methods": [described(one) for one in self.methods],
            "truth": described(self.truth),
            "count_ops": self.count_ops,
        } | ({"on_clean": True} if self.on_clean else {})


def _source(
    origin: str, pairs: Sequence[tuple[str, Rnn]], models: int, estimators: tuple[Estimator, ...]
) -> Source:
    names, stack = tuple(name for name, _ in pairs), RnnStack.of([model for _, model in pairs])
    return Source(origin, stack, names, models, estimators)


def _named(models: Sequence[Rnn]) -> list[tuple[str, Rnn]]:
    """Models with names that tell them apart."""
    seen: dict[str, int] = {}
    named: list[tuple[str, Rnn]] = []
    for model in models:
        name = model.name or "model"
        seen[name] = seen.get(name, 0) + 1
        named.append((name if seen[name] == 1 else f"{name} ({seen[name]})", model))
    return named


def described(estimator: Estimator) -> dict[str, Any]:
    """A method for the manifest; of a function also a digest of its source, where there is one."""
    name, settings = method_key(estimator)
    record: dict[str, Any] = {"estimator": name, "kind": estimator.kind, "settings": settings}
    if isinstance(estimator, External):
        try:
            source = getattr(estimator.function, "source_digest", None)
            if source is None:
                code = inspect.getsource(estimator.function).encode()
                source = hashlib.sha256(code).hexdigest()[:16]
            record["source"] = source
        except (OSError, TypeError):
            record["source"] = None
    return record
