"""The truth of models too large for an exact one: very many samples, kept between runs, and continued when killed."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np

from heurex.errors import ResultsError, UsageError
from heurex.estimators.base import Estimate, Estimator, StackEstimate
from heurex.estimators.sampler import STREAM, Sampled, count_drawn
from heurex.model import Rnn, RnnStack
from heurex.results import VERSIONS, write_json

__all__ = ["SampledTruth", "truth_folder"]

_BLOCK: Final = 256 * STREAM
"""Samples that are counted before the count is written down."""
_FLOAT32: Final = 1e-6
"""More than float32 was ever seen to move an accuracy."""


def truth_folder() -> Path | None:
    """Where sampled accuracies are kept between runs; None if they are not.

    ``HEUREX_TRUTH_CACHE`` names another place, or ``off``; otherwise it is ``heurex/truth`` in the user's cache folder.
    """
    wanted = os.environ.get("HEUREX_TRUTH_CACHE", "")
    if wanted == "off":
        return None
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(wanted) if wanted else cache / "heurex" / "truth"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


@dataclass(frozen=True)
class SampledTruth(Estimator):
    """A model's accuracy on very many inputs: what errors are measured against where nothing exact is known.

    Parameters
    ----------
    samples
        How many inputs.
    seed
        Their seed; not one that anybody would choose for an estimate, which would then share its inputs.

    Notes
    -----
    The value depends on the weights, the seed and the number of samples only, whatever is in the cache. Counts are
    kept by model (a file for each fingerprint and seed) in blocks of 4,194,304 inputs, so that a run that was killed
    goes on, and a larger number of samples starts from a smaller one.
    Error: the standard error, and at most 1e-6 for float32.
    """

    name: ClassVar[str] = "truth by sampling"
    summary: ClassVar[str] = "accuracy on very many random inputs, kept between runs"
    kind: ClassVar[str] = "sampling"
    samples: int = 40_000_000
    seed: int = 907_606_417

    def __post_init__(self) -> None:
        if not isinstance(self.samples, int) or self.samples < 1:
            raise UsageError(
                f"the truth is to have {self.samples!r} samples; expected a whole number, at least 1"
            )

    def estimate(self, model: Rnn) -> Estimate:
        """From the cache, or counted now."""
        found = self._sampled(model)
        return Estimate(
            self.name, found.value, _FLOAT32, self.settings(), standard_error=found.standard_error
        )

    def estimate_stack(self, stack: RnnStack) -> StackEstimate:
        """Model by model."""
        found = [self._sampled(model) for model in stack]
        errors = np.array([one.standard_error for one in found])
        return StackEstimate.of(np.array([one.value for one in found]), np.full(len(found), _FLOAT32), errors)

    def _sampled(self, model: Rnn) -> Sampled:
        folder = truth_folder()
        path = None if folder is None else folder / f"{model.fingerprint()}-{self.seed}.json"
        kept = _read(path, self.seed)
        blocks, rest = divmod(self.samples, _BLOCK)
        threads = os.cpu_count() or 1
        per_block = _BLOCK // STREAM
        while len(kept["blocks"]) < blocks:
            done = len(kept["blocks"])
            kept["blocks"].append(count_drawn(model, done * per_block, _BLOCK, self.seed, threads=threads))
            _write(path, kept)
        right = sum(kept["blocks"][:blocks])
        if rest:
            key = str(self.samples)
            if key not in kept["rests"]:
                kept["rests"][key] = count_drawn(model, blocks * per_block, rest, self.seed, threads=threads)
                _write(path, kept)
            right += kept["rests"][key]
        return Sampled(right, self.samples)


def _read(path: Path | None, seed: int) -> dict[str, Any]:
    """What is kept of a model; what cannot be right is counted again."""
    blank: dict[str, Any] = {
        "schema": VERSIONS["counts of a truth"],
        "seed": seed,
        "block": _BLOCK,
        "blocks": [],
        "rests": {},
    }
    if path is None:
        return blank
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        sound = all(kept[key] == blank[key] for key in ("schema", "seed", "block"))
        sound &= all(type(n) is int and 0 <= n <= _BLOCK for n in [*kept["blocks"], *kept["rests"].values()])
        sound &= all(n <= int(samples) % _BLOCK for samples, n in kept["rests"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return blank
    return kept if sound else blank


def _write(path: Path | None, kept: dict[str, Any]) -> None:
    """A cache that cannot be written is none."""
    if path is not None:
        try:
            write_json(kept, path)
        except ResultsError:
            return
