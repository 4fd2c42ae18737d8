"""Accuracy against the noise on the weights: which levels leave a challenge worth the name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from heurex.errors import UsageError
from heurex.model import Rnn, RnnStack
from heurex.results import versioned
from heurex.runs.challenge import Protocol, read_models
from heurex.scoring.ensembles import noisy_copies

__all__ = ["LEVELS", "noise_scan"]

LEVELS: Final = (0.0, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1)


def noise_scan(
    models: str | Rnn | Sequence[str | Rnn],
    levels: Sequence[float] = LEVELS,
    *,
    copies: int = 16,
    truth_samples: int = 1_000_000,
    noise_seed: int = 0,
    watch: Callable[[str, int, int], None] = lambda _what, _done, _total: None,
) -> dict[str, Any]:
    """Accuracies of noisy copies at several noise levels, ``{"noise_scan": [...]}``, ready for JSON.

    The same draws at every level, multiplied by it. At noise 0 the clean model alone.
    """
    protocol = Protocol(copies, 1, truth_samples, "auto", noise_seed)
    for level in levels:
        if not (np.isfinite(level) and level >= 0):
            raise UsageError(f"a noise level is {level}; expected a finite standard deviation, 0 or more")
    given = read_models(models)
    found: list[dict[str, Any]] = []
    for m, model in enumerate(given):
        truth = protocol.truth_of(model)
        rows: list[dict[str, Any]] = []
        for k, level in enumerate(levels):
            watch(f"{model.name}, noise {level:g}", m * len(levels) + k, len(given) * len(levels))
            stack = noisy_copies(model, level, copies, noise_seed) if level > 0 else RnnStack.of([model])
            one = truth.estimate_stack(stack)
            error = np.nan_to_num(one.standard_error)
            rows.append(
                {
                    "noise": float(level),
                    "copies": len(stack),
                    "mean": float(one.value.mean()),
                    "least": float(one.value.min()),
                    "greatest": float(one.value.max()),
                    "sd": float(one.value.std(ddof=1)) if len(stack) > 1 else 0.0,
                    "standard_error": float(np.sqrt((error**2).mean())),
                }
            )
        found.append(
            {"model": model.name, "hidden_size": model.hidden_size, "seq_len": model.seq_len, "levels": rows}
        )
    return versioned("challenge --noise-scan", {"noise_scan": found})
