"""The challenge: estimators on noisy copies of models of any size, beside sampling at equal operations."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from heurex._version import __version__
from heurex.errors import UsageError
from heurex.estimators.base import Estimator
from heurex.estimators.sampler import count_drawn
from heurex.estimators.sampling import ops_per_sample
from heurex.estimators.spec import Method, label_of, method_key, read_methods
from heurex.model import Rnn
from heurex.results import Row, Store, prepare_folder, versioned, write_json
from heurex.runs.contestants import challenge_methods, kind_of, with_seeds
from heurex.runs.evaluate import compute_rows
from heurex.runs.job import Job, exact_in_reach, truth_estimator
from heurex.runs.truth import SampledTruth
from heurex.scoring.challenge import Interval, standing
from heurex.zoo import load

__all__ = ["PROTOCOL", "Challenge", "challenge", "default_noise", "read_models"]

PROTOCOL: Final = 1
"""Version of the rules: what was scored by other rules is not compared."""

_EVALUATED: Final = 1e-9
"""Estimates that are evaluated no better than this have whatever error they have."""

Watch = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Challenge:
    """What a run of the challenge found.

    Attributes
    ----------
    record
        ``{"models": [...]}``, ready for JSON: one entry for each model and noise level.
    rows
        The results tables behind it, in the same order.
    """

    record: dict[str, Any]
    rows: list[list[Row]]


@dataclass(frozen=True)
class Protocol:
    """How an ensemble is made and scored; equal protocols, comparable results."""

    copies: int = 16
    seeds: int = 3
    truth_samples: int = 40_000_000
    truth: str = "auto"
    noise_seed: int = 0

    def __post_init__(self) -> None:
        for name, number in (
            ("copies", self.copies),
            ("seeds", self.seeds),
            ("truth samples", self.truth_samples),
        ):
            if not isinstance(number, int) or isinstance(number, bool) or number < 1:
                raise UsageError(f"the number of {name} is {number!r}; expected a whole number, at least 1")
        if self.truth not in ("auto", "exact", "sampled"):
            raise UsageError(f"the truth is to be {self.truth!r}; expected auto, exact or sampled")

    def truth_of(self, model: Rnn) -> Estimator:
        """Exact where it can be had, else sampled."""
        if self.truth == "exact" or (self.truth == "auto" and exact_in_reach(model)):
            return truth_estimator()
        return SampledTruth(self.truth_samples)


def default_noise(seq_len: int) -> tuple[float, ...]:
    """Noise levels that change the accuracy without destroying the model."""
    return (0.05,) if seq_len <= 5 else (0.003, 0.005)


def read_models(models: str | Rnn | Sequence[str | Rnn]) -> list[Rnn]:
    """Models from names, paths or models."""
    given = [models] if isinstance(models, (str, Rnn)) else list(models)
    if not given:
        raise UsageError("there are no models; expected at least one")
    return [load(one) if isinstance(one, str) else one for one in given]


def challenge(
    models: str | Rnn | Sequence[str | Rnn],
    methods: Sequence[Method] | None = None,
    *,
    noise: Sequence[float] | None = None,
    copies: int = 16,
    seeds: int = 3,
    truth_samples: int = 40_000_000,
    truth: str = "auto",
    noise_seed: int = 0,
    count_ops: int = 2,
    out: str | Path | None = None,
    watch: Watch = lambda _what, _done, _total: None,
) -> Challenge:
    """Run methods on noisy copies of models, the clean model among them, and score them against sampling.

    Parameters
    ----------
    models
        Names, paths or models, of any sizes.
    methods
        See :func:`heurex.read_methods`; by default a list for each number of inputs.
    noise
        Standard deviations of the noise on every weight; by default 0.05 up to n = 5, 0.003 and 0.005 beyond.
    copies, seeds
        Noisy copies of each model, and seeds of every method that has one.
    truth, truth_samples
        ``"exact"``, ``"sampled"`` from so many inputs, or ``"auto"``: exact where it can be had.
    noise_seed
        Seed of the noise.
    count_ops
        On how many copies operations are counted.
    out
        A folder that tables grow in: a run that was killed goes on there.
    watch
        Called with what is going on, steps done and steps in all.

    Returns
    -------
    A :class:`Challenge`: a record ready for JSON, and the rows that it was made from.

    Raises
    ------
    UsageError
        If a method, a number or a noise level is not understood.
    NotApplicable
        If the truth is to be exact and is out of reach.
    ResultsError
        If the folder holds something else or cannot be written.

    Examples
    --------
    >>> found = challenge("m22", ["pieces", "sampling?samples=50"], copies=4, count_ops=1)
    >>> [row["label"] for row in found.record["models"][0]["rows"]]
    ['pieces', 'sampling?samples=50']
    """
    protocol = Protocol(copies, seeds, truth_samples, truth, noise_seed)
    if methods is not None:
        methods = read_methods(methods)
    jobs = [
        (protocol, _job(model, level, protocol, challenge_methods(model.seq_len, methods), count_ops))
        for model in read_models(models)
        for level in (default_noise(model.seq_len) if noise is None else noise)
    ]
    folder = None if out is None else prepare_folder(out)
    entries: list[dict[str, Any]] = []
    tables: list[list[Row]] = []
    for _, job in jobs:
        store = None if folder is None else Store(folder / _slug(job), job.asked())
        what = f"{job.models[0].name or 'model'}, noise {job.sigma:g}"
        rows = compute_rows(job, store, lambda who, done, total, w=what: watch(f"{w}: {who}", done, total))
        tables.append(rows)
        entries.append(_entry(job, rows, protocol))
    rules = {"version": PROTOCOL, **asdict(protocol)}
    record = versioned("challenge", {"heurex": __version__, "protocol": rules, "models": entries})
    if folder is not None:
        write_json(record, folder / "challenge.json")
    return Challenge(record, tables)


def _job(model: Rnn, level: float, protocol: Protocol, methods: Sequence[Estimator], count_ops: int) -> Job:
    if not (np.isfinite(level) and level > 0):
        raise UsageError(f"a noise level is {level}; expected a finite standard deviation above 0")
    every = [with_seeds(one, protocol.seeds if one.has_chance(model) else 1) for one in methods]
    names = [_family(some[0]) for some in every]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"method {name[0]!r} is given twice with other seeds; expected it once")
    return Job(
        (model,), tuple(one for some in every for one in some), float(level), protocol.copies, protocol.noise_seed,
        count_ops, protocol.truth_of(model), True, tuple(one for some in every for one in some[1:]), True,
    )  # fmt: skip


def _slug(job: Job) -> str:
    name = re.sub(r"[^A-Za-z0-9]+", "-", Path(job.models[0].name or "model").stem).strip("-")
    return f"{name}-{job.models[0].fingerprint()[:6]}-{job.sigma:g}"


def _family(estimator: Estimator) -> tuple[str, str]:
    """What a method is called when its seed does not matter."""
    name, settings = method_key(estimator)
    rest = {key: value for key, value in json.loads(settings).items() if key != "seed"}
    return name, json.dumps(rest, sort_keys=True)


def _entry(job: Job, rows: Sequence[Row], protocol: Protocol) -> dict[str, Any]:
    """One model at one noise level."""
    by: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        by.setdefault((row.estimator, row.settings), []).append(row)
    truth = by[method_key(job.truth)]
    model = job.models[0]
    sample_ops = ops_per_sample(model).total()
    families: dict[tuple[str, str], list[Estimator]] = {}
    for one in job.methods:
        families.setdefault(_family(one), []).append(one)
    sample_s = _sample_s(model)
    accuracies = _column(truth, "value")
    return {
        "model": model.name,
        "model_hash": model.fingerprint(),
        "folder": _slug(job),
        "ensemble": [row.model_hash for row in truth],
        "hidden_size": model.hidden_size,
        "seq_len": model.seq_len,
        "noise": job.sigma,
        "copies": protocol.copies,
        "sample_ops": sample_ops,
        "sample_s": sample_s,
        "truth": {
            "kind": "exact" if job.truth.kind == "exact" else "sampled",
            "samples": getattr(job.truth, "samples", None),
            "standard_error": float(np.sqrt((_errors_of(truth) ** 2).mean())),
            "clean": accuracies[0],
            "mean": float(accuracies[1:].mean()),
            "least": float(accuracies[1:].min()),
            "greatest": float(accuracies[1:].max()),
            "guess_rmse": float(accuracies.std()),
        },
        "rows": [
            _scored(some, [by[method_key(one)] for one in some], truth, sample_ops, sample_s)
            for some in families.values()
        ],
    }


def _column(rows: Sequence[Row], name: str) -> np.ndarray:
    return np.array([np.nan if (x := getattr(row, name)) is None else x for row in rows])


def _errors_of(truth: Sequence[Row]) -> np.ndarray:
    return np.nan_to_num(_column(truth, "standard_error"))


def _scored(
    estimators: Sequence[Estimator],
    columns: Sequence[Sequence[Row]],
    truth: Sequence[Row],
    sample_ops: float,
    sample_s: float,
) -> dict[str, Any]:
    """One method: its seeds side by side; models that any seed does not cover are left out, and said to be."""
    values = np.stack([_column(rows, "value") for rows in columns], axis=1)
    accuracies, own = _column(truth, "value"), _errors_of(truth)
    there = np.isfinite(values).all(axis=1) & np.isfinite(accuracies)
    counted = [row.ops.total() for rows in columns for row in rows if row.ops is not None]
    ops = float(np.mean(counted)) if counted else None
    times = [row.wall_s for rows in columns for row in rows[1:] if row.wall_s is not None]
    wall = median(times) if times else None
    first = estimators[0]
    name, _ = method_key(first)
    settings = json.loads(_family(first)[1])
    blank = dict.fromkeys(
        ("rmse", "rmse_low", "rmse_high", "bias", "bias_low", "bias_high", "ratio", "ratio_low", "ratio_high")
    )
    row: dict[str, Any] = {
        "estimator": name,
        "label": label_of(first),
        "settings": settings,
        "kind": kind_of(first),
        "seeds": len(estimators),
        "ops": ops,
        "samples_for_ops": None if ops is None else ops / sample_ops,
        "wall_s": wall,
        "models": len(there),
        "covered": int(there.sum()),
        **blank,
        "resolved": None,
        "clean": None,
        "copies": None,
        "ratio_wall": None,
        "beats_guess": None,
    }
    if not there.any():
        return row
    errors = values - accuracies[:, None]
    found = standing(
        errors[there],
        accuracies[there],
        own[there],
        ops,
        sample_ops,
        numerical_error=_evaluated(columns, truth),
    )
    for key in ("rmse", "bias", "ratio"):
        one: Interval = getattr(found, key)
        row |= {key: one.value, f"{key}_low": one.low, f"{key}_high": one.high}
    row["beats_guess"] = found.rmse.high < float(accuracies.std())
    row |= {"resolved": found.resolved, "truth_error": found.truth_error, "sampling_rmse": found.sampling}
    if wall:
        spread = float((accuracies * (1 - accuracies))[there].mean())
        row["ratio_wall"] = (
            float(np.sqrt(spread * sample_s / wall) / found.rmse.value) if found.rmse.value else None
        )
    if there[0]:
        row["clean"] = {
            "value": float(values[0].mean()),
            "error": float(errors[0].mean()),
            "truth_error": own[0],
        }
    noisy = there.copy()
    noisy[0] = False
    if noisy.any():
        squares = (errors[noisy] ** 2).mean() - (own[noisy] ** 2).mean()
        row["copies"] = {"rmse": float(np.sqrt(max(squares, 0.0))), "bias": float(errors[noisy].mean())}
    return row


def _evaluated(columns: Sequence[Sequence[Row]], truth: Sequence[Row]) -> float:
    """What a difference is evaluated to, below which it counts as none.

    A method's own bound counts where it is one on rounding; a wide bound on its quadrature is no excuse for an error.
    """
    of_truth = max(row.numerical_error or 0.0 for row in truth)
    both = of_truth + max(row.numerical_error or 0.0 for rows in columns for row in rows)
    return both if both < _EVALUATED else of_truth


def _sample_s(model: Rnn) -> float:
    """Seconds of one sample by the compiled sampler on one core, drawing its input included."""
    count_drawn(model, 0, 1, 0)
    times: list[float] = []
    for _ in range(3):
        begun = time.perf_counter()
        count_drawn(model, 0, 2**17, 0)
        times.append((time.perf_counter() - begun) / 2**17)
    return min(times)
