"""The bias of the mean field that no number of nodes removes: `python -m benchmarks.mean_field MODEL [--noise 0.003]`.

For the model itself and for noisy copies of it: mean of estimate minus truth with its standard error, and its RMS over
the copies. The variances of the truth and of the estimates are subtracted from mean squares. Truths are kept in a file.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

import heurex
from benchmarks.table import console, print_table
from heurex.estimators import MeanField, Moments, sampled_accuracy
from heurex.model import Rnn

VARIANTS: dict[str, dict[str, Any]] = {
    "path": {},
    "linearised": {"noise": "linearised"},
    "gradient": {"noise": "gradient"},
    "last exact": {"last": "exact"},
    "moments": {},
}


def truth(model: Rnn, samples: int, cache: Path) -> tuple[float, float]:
    """Sampled accuracy and its standard error, from the file where it is there."""
    kept = json.loads(cache.read_text()) if cache.exists() else {}
    key = f"{model.fingerprint()} {samples}"
    if key not in kept:
        found = sampled_accuracy(model, samples, seed=2**20)
        kept[key] = [found.value, found.standard_error]
        cache.write_text(json.dumps(kept))
    return kept[key][0], kept[key][1]


def nodes_for(places: int, paths: int) -> int:
    """The power of two that makes about so many paths."""
    return max(2 ** round(np.log2(paths / places)), 2)


def floor(errors: np.ndarray, noise: np.ndarray) -> tuple[float, float]:
    """RMS of what is left of errors without their noise, and its standard error by bootstrap over models."""

    def rms(e: np.ndarray, s: np.ndarray) -> np.ndarray:
        return np.sqrt(np.maximum(np.mean(e**2 - s**2, axis=-1), 0.0))

    rows = np.random.default_rng(0).integers(0, len(errors), (2000, len(errors)))
    return float(rms(errors, noise)), float(np.std(rms(errors[rows], noise[rows])))


def show(name: str, noise: float, copies: int, samples: int, paths: int, cache: Path) -> None:
    """Print the table of one model."""
    base = heurex.load(name)
    models = [base, *heurex.noisy_copies(base, noise, copies)]
    truths = np.array([truth(model, samples, cache) for model in models])
    rows = []
    for label, settings in VARIANTS.items():
        for rank in (2, 3, 4):
            inputs = base.seq_len - (label == "last exact")
            if rank > inputs or (label == "moments" and rank > 2):
                continue
            places = int(np.prod(np.arange(inputs - rank + 1, inputs + 1)))
            mine = MeanField(rank=rank, nodes=nodes_for(places, paths), **settings)
            if label == "moments":
                mine = Moments(nodes=16 if base.seq_len > 6 else 512)
            found = [mine.estimate_stack(heurex.RnnStack.of([model])) for model in models]
            values = np.array([one.value[0] for one in found])
            spread = np.array([one.numerical_error[0] for one in found]) / 3
            errors, whole = values - truths[:, 0], np.hypot(spread, truths[:, 1])
            rms, rms_se = floor(errors[1:], whole[1:])
            mean, mean_se = errors[1:].mean(), errors[1:].std(ddof=1) / copies**0.5
            rows.append(
                (label, f"{rank}", f"{places * mine.nodes:,}", f"{100 * errors[0]:+.2f} +- {100 * whole[0]:.2f}",
                 f"{100 * mean:+.2f} +- {100 * mean_se:.2f}", f"{100 * rms:.2f} +- {100 * rms_se:.2f}")
            )  # fmt: skip
    clean, noisy = truths[0, 0], truths[1:, 0]
    print_table(
        f"{name}: accuracy {100 * clean:.2f}%; {copies} copies, noise {noise:g}: {100 * noisy.mean():.2f}% on average "
        f"({100 * noisy.std():.2f}% between copies)",
        ["variant", "rank", "paths", "the model, %", "copies, mean %", "copies, RMS %"],
        rows,
        1,
    )
    console.print(f"Truth: {samples:,} samples a model. +-: one standard error.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mean_field", description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--noise", type=float, default=0.003)
    parser.add_argument("--copies", type=int, default=16)
    parser.add_argument("--truth-samples", type=int, default=40_000_000)
    parser.add_argument("--paths", type=int, default=2**17)
    parser.add_argument("--cache", type=Path, default=Path("truths.json"))
    given = parser.parse_args()
    show(given.model, given.noise, given.copies, given.truth_samples, given.paths, given.cache)
