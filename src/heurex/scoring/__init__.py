"""How good an explanation is: ensembles to score on, and errors against the truth, sampling and guesses."""

from heurex.scoring.comparison import Score, null_scores, rms_spread, sampling_rmse, score
from heurex.scoring.ensembles import noisy_copies

__all__ = ["Score", "noisy_copies", "null_scores", "rms_spread", "sampling_rmse", "score"]
