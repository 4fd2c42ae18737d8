"""Quality versus compute: any methods on any ensemble, into the one results table, resumable."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from heurex.estimators.conventions import Convention, as_convention
from heurex.estimators.spec import Method, default_methods, method_key, read_methods
from heurex.model import Rnn, RnnStack
from heurex.results import Row, Store, versioned, write_json
from heurex.runs import timing
from heurex.runs.job import Job, truth_estimator
from heurex.runs.warm import GROUPS, compile_side_by_side
from heurex.scoring.front import front_record
from heurex.zoo import load

__all__ = ["COUNT_OPS", "Evaluation", "Models", "compute_rows", "evaluate", "prepare"]

Models = str | Rnn | RnnStack | Sequence[str | Rnn]
Watch = Callable[[str, int, int], None]

COUNT_OPS: Final = 32
"""On how many models of an ensemble operations are counted, unless told otherwise."""

_SIGMA: Final = 0.05


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes
    ----------
    rows
        The results table.
    record
        Scores, operations, advantages and fronts by method, ready for JSON.
    """

    rows: list[Row]
    record: dict[str, Any]


def evaluate(
    model: Models,
    methods: Sequence[Method] | None = None,
    *,
    sigma: float | None = None,
    models: int = 256,
    seed: int = 0,
    out: str | Path | None = None,
    convention: str | Convention = "weighted",
    count_ops: int = COUNT_OPS,
    watch: Watch = lambda _what, _done, _total: None,
) -> Evaluation:
    """Score methods on an ensemble of models: RMS error against operations, beside sampling and guesses.

    Parameters
    ----------
    model
        A model, a name or a path; or several of them, or a stack. Models of different sizes are scored by size.
    methods
        See :func:`heurex.read_methods`; by default a selection along the whole front.
    sigma, models, seed
        Noise on every weight, how many noisy copies of each model, and their seed. With sigma 0 the given models
        themselves are the ensemble. By default 0.05 for one model and 0 for several.
    out
        A folder for ``results.parquet``, ``timings.json`` and ``summary.json``. The table grows in it: a run that
        was killed goes on where it was when the same is asked again.
    convention
        ``"unit"``, ``"weighted"``, or weights such as ``"add=1,mul=1,div=4,sqrt=10,atan2=20"``.
    count_ops
        On how many models of each ensemble operations are counted.
    watch
        Called with what is going on, steps done and steps in all.

    Returns
    -------
    An :class:`Evaluation`: the rows, and a record of scores, operations, advantages and fronts.

    Raises
    ------
    UsageError, NotApplicable, ResultsError
        If something is not understood, exact accuracy is out of reach (n > 4, or n = 4 and d > 18), or the folder
        holds something else.

    Examples
    --------
    >>> import heurex
    >>> always = heurex.External(lambda model: 0.9, label="always 0.9", ops=1)
    >>> found = heurex.evaluate("m22", ["pieces", always], sigma=0.01, models=8, count_ops=2)
    >>> [(row["estimator"], row["covered"]) for row in found.record["rows"]]
    [('pieces', 8), ('always 0.9', 8)]
    """
    price = as_convention(convention)
    job = prepare(model, methods, sigma=sigma, models=models, seed=seed, count_ops=count_ops)
    store = None if out is None else Store(out, job.asked())
    rows = compute_rows(job, store, watch)
    timings = _timed(job, store, watch)
    keys = [method_key(one) for one in job.methods]
    record = front_record(rows, keys, method_key(truth_estimator()), price, _ratios(timings))
    record = versioned("evaluate", record | {"asked": job.asked()})
    if store is not None:
        write_json(record, store.folder / "summary.json")
    return Evaluation(rows, record)


def prepare(
    model: Models,
    methods: Sequence[Method] | None = None,
    *,
    sigma: float | None = None,
    models: int = 256,
    seed: int = 0,
    count_ops: int = COUNT_OPS,
) -> Job:
    """The job that :func:`evaluate` runs for these arguments; everything that can be refused is refused here."""
    asked = None if methods is None else read_methods(methods)
    given = [model] if isinstance(model, (str, Rnn)) else list(model)
    loaded = tuple(load(one) if isinstance(one, str) else one for one in given)
    if sigma is None:
        sigma = (
            _SIGMA
            if isinstance(model, (str, Rnn)) or (len(loaded) == 1 and not isinstance(model, RnnStack))
            else 0.0
        )
    if asked is None:
        asked = default_methods([(one.hidden_size, one.seq_len) for one in loaded])
    return Job(loaded, tuple(asked), float(sigma), models, seed, count_ops)


def compute_rows(job: Job, store: Store | None, watch: Watch) -> list[Row]:
    """All rows in the order of the table; parts that a store holds are not computed again."""
    sizes = [chunk.count for chunk in job.chunks]
    parts = [None for _ in sizes] if store is None else store.read(sizes)
    total, done = sum(sizes), sum(len(part) for part in parts if part is not None)
    if None in parts:
        watch("compiling", done, total)
        wanted = {one.name for source in job.sources for one in source.estimators}
        compile_side_by_side([name for name in GROUPS if name in wanted or name == "exact, by regions"])
    rows: list[Row] = []
    for number, (chunk, part) in enumerate(zip(job.chunks, parts, strict=True)):
        if part is None:
            estimator = job.sources[chunk.source].estimators[chunk.estimator]
            watch(estimator.name, done, total)
            part = job.rows(chunk)
            if store is not None:
                store.add(number, part)
            done += len(part)
            watch(estimator.name, done, total)
        rows += part
    if store is not None:
        store.finish(rows)
    return rows


def _timed(job: Job, store: Store | None, watch: Watch) -> dict[str, Any]:
    """Wall times, from the store where it has them."""
    path = None if store is None else store.folder / "timings.json"
    if path is not None and path.exists():
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            pass  # damaged: measured again
    timings = timing.measure(job, lambda done, total: watch("timing", done, total))
    if path is not None:
        write_json(timings, path)
    return timings


def _ratios(timings: dict[str, Any]) -> dict[Any, float | None]:
    """Time of a model in units of a sample's forward pass, by size and method."""
    return {
        ((size["hidden_size"], size["seq_len"]), (one["estimator"], one["settings"])): (
            one["model_s"] and one["model_s"] / size["forward_pass_s"]
        )
        for size in timings["sizes"]
        for one in size["methods"]
    }
