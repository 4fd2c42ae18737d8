"""Models built by hand, whose weights say how they work."""

from __future__ import annotations

import numpy as np

from heurex.errors import UsageError
from heurex.model import Rnn

__all__ = ["antisymmetric_pair", "running_maxima", "sharp_symmetric"]

_MAX_SHARPNESS = 1e6


def antisymmetric_pair() -> Rnn:
    """M_{2,2}: two neurons that hold the two differences of the inputs; right on all inputs.

    Source: Hilton et al. (2026), the handcrafted model for two inputs.

    Examples
    --------
    >>> antisymmetric_pair().logits(np.array([0.25, 1.5])).tolist()
    [1.25, -1.25]
    """
    w_hi = np.array([1, -1])
    w_hh = np.array([[-1, 1], [1, -1]])
    return Rnn(w_hi, w_hh, -w_hh)


def sharp_symmetric(sharpness: float = 100.0) -> Rnn:
    """M_{4,3} from Robinson's symmetry; the sharper, the closer to always right.

    Parameters
    ----------
    sharpness
        How much larger the competing weights are than 1; above 0, up to a million.

    Notes
    -----
    Neurons (0, 3) and (1, 2) are exact opposites, so the symmetric version's noise terms vanish.
    Exact accuracy: 0.878962 at 1, 0.997500 at 10, 0.999973 at 100.
    Source: Robinson, "Symmetric RNNs".
    """
    lam = float(sharpness)
    if not 0 < lam <= _MAX_SHARPNESS:
        raise UsageError(f"sharpness is {sharpness}; expected a number above 0, up to a million")
    into = np.array([[1, -lam - 1, lam], [-1, -lam, lam + 1]])
    out = np.array([[1, 1], [-lam, lam + 1], [lam + 1, -lam]])
    # the inverse of into's last two columns
    inverse = np.array([[-lam - 1, lam], [-lam, lam + 1]]) / (2 * lam + 1)
    pairing = np.array([[1.0, 0, 0, -1], [0, 1, -1, 0]])
    return Rnn(pairing.T @ into[:, 2], pairing.T @ into[:, :2] @ inverse @ pairing, out @ np.abs(pairing))


def running_maxima() -> Rnn:
    """M_{22,10}: a delay line, a running maximum, and maxima that leave one input out; about 99% right.

    Notes
    -----
    Neurons 0 to 9 pass inputs along, 19 and 20 carry the maximum so far, 10 to 18 what it exceeds when one
    input is left out. Source: Hilton et al. (2026), the handcrafted model for ten inputs.
    """
    w_hi, w_hh, w_oh = np.zeros(22), np.zeros((22, 22)), np.zeros((10, 22))
    w_hi[9] = w_hi[19] = 1
    w_hi[10:19] = w_hi[21] = -1
    for i in range(9):
        w_hh[i, i + 1] = 1
    for i in range(10, 18):
        w_hh[i, i + 1] = w_hh[i, 19] = w_hh[i, 20] = 1
        w_hh[i, 21] = -1
    w_hh[18, 20] = 1
    w_hh[19, [19, 20]] = -1
    w_hh[20, [19, 20]] = w_hh[21, [19, 20]] = 1
    for i in range(9):
        w_oh[i, i] = 1
        w_oh[i, [10 + i, 19, 20]] = 2
        w_oh[i, 21] = -2
    w_oh[9, 9] = 1
    w_oh[9, 20] = 2
    return Rnn(w_hi, w_hh, w_oh)
