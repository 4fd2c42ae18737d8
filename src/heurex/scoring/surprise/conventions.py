"""How a ledger is kept: priors, residual, tolerance, noisy copies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np

from heurex.errors import UsageError
from heurex.scoring.surprise.priors import PRIORS

__all__ = ["Conventions", "Residual"]

Residual = Literal["predictive", "per-observation"]

# Resolutions tried: powers of the square root of 2, from 1 down to 2^-20.
_STEPS: Final = 40
_FEWEST: Final = 2


@dataclass(frozen=True)
class Conventions:
    """How a ledger is kept.

    Parameters
    ----------
    prior
        Of stated fractions: ``"random-halfspaces"``, ``"chained"`` or ``"uniform"``.
    residual
        ``"predictive"`` (one number, the accuracy, is to be stated) or ``"per-observation"`` (many answers are).
    tolerance
        The width to which the accuracy is to be known in the end, and within which rounded weights must keep it.
    observations
        N, how many labelled inputs, for ``"per-observation"``.
    resolution
        r, the width to which the estimate is stated; None for the cheapest.
    models, sigma, seed
        The noisy copies on which the estimator's own error is measured.
    """

    prior: str = "random-halfspaces"
    residual: Residual = "predictive"
    tolerance: float = 1e-3
    observations: int = 1_000_000
    resolution: float | None = None
    models: int = 256
    sigma: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        if self.prior not in PRIORS:
            raise UsageError(f"prior is {self.prior!r}; expected one of {', '.join(PRIORS)}")
        if self.residual not in get_args(Residual):
            raise UsageError(
                f"residual is {self.residual!r}; expected one of {', '.join(get_args(Residual))}"
            )
        if not 0 < self.tolerance < 1:
            raise UsageError(f"tolerance is {self.tolerance}; expected a width between 0 and 1")
        if self.observations < 1:
            raise UsageError(f"observations is {self.observations}; expected at least 1")
        if self.models < _FEWEST:
            raise UsageError(f"models is {self.models}; expected at least {_FEWEST}")
        least = self.tolerance if self.residual == "predictive" else 0.0
        if self.resolution is not None and not (0 < self.resolution <= 1 and self.resolution >= least):
            raise UsageError(
                f"resolution is {self.resolution}; expected a width from {least or 'above 0'} to 1"
            )

    def resolutions(self) -> np.ndarray:
        """The widths that are tried, descending; for one number to state none is finer than the tolerance."""
        tried = 2.0 ** (-np.arange(_STEPS + 1) / 2)
        if self.residual == "predictive":
            return np.append(tried[tried > self.tolerance], self.tolerance)
        return tried
