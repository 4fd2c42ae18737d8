"""Kernel: M_{2,2} by its six linear pieces, from weights to the exact error rate.

Source: Hilton et al., "AlgZoo" (Alignment Research Center, January 2026), the worked example M_{2,2}.
"""

from math import atan2

import numpy as np

from heurex.kernels import reals

KERNEL = True

TWO_PI = 6.283185307179586
CHECKS = 18
# Pieces: the sign of x_0 (0 for plus), then which neurons are on at the last step.
PIECES = ((0, 1, 0), (0, 1, 1), (0, 0, 1), (1, 1, 0), (1, 1, 1), (1, 0, 1))


def standard_form(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, first: int, hidden: np.ndarray, lead: np.ndarray
) -> None:
    """Weights with neuron ``first`` in front, rescaled so that both input weights have size 1.

    ``hidden`` (2, 2) is w_hh, ``lead`` (2,) the second row of w_oh minus the first. A neuron without input
    weight keeps its scale.
    """
    for i in range(2):
        row = first if i == 0 else 1 - first
        scale = abs(w_hi[row])
        lead[i] = w_oh[1, row] - w_oh[0, row]
        if scale != 0:
            lead[i] = lead[i] * scale
        for k in range(2):
            column = first if k == 0 else 1 - first
            entry = w_hh[row, column]
            if i != k:
                other = abs(w_hi[column])
                entry = entry * other if other != 0 else entry
                entry = entry / scale if scale != 0 else entry
            hidden[i, k] = entry


def coefficients(hidden: np.ndarray, lead: np.ndarray, out: np.ndarray) -> None:
    """``out`` (6, 2): logit_1 - logit_0 = a_0 x_0 - a_1 x_1 on each piece.

    After the first step only the neuron that reads the sign of x_0 is on, with the value |x_0|.
    """
    for side in range(2):
        at = 3 * side
        for on in range(2):
            response = lead[on] * hidden[on, side]
            out[at + 2 * on, 0] = response if side == 0 else -response
            out[at + 2 * on, 1] = -lead[0] if on == 0 else lead[1]
        out[at + 1, 0] = out[at, 0] + out[at + 2, 0]
    out[1, 1] = out[0, 1] + out[2, 1]
    out[4, 1] = out[1, 1]


def eighteen_checks(
    w_hi: np.ndarray, w_oh: np.ndarray, first: int, hidden: np.ndarray, pieces: np.ndarray, holds: np.ndarray
) -> int:
    """Ten signs, four sizes, and which coefficient is larger on the four pieces with one neuron on."""
    second = 1 - first
    signed = (
        w_hi[first], -w_hi[second], -hidden[0, 0], hidden[0, 1], hidden[1, 0], -hidden[1, 1],
        w_oh[0, first], -w_oh[1, first], -w_oh[0, second], w_oh[1, second],
    )  # fmt: skip
    for i in range(10):
        holds[i] = signed[i] > 0
    holds[10] = abs(hidden[0, 0]) < 1
    holds[11] = abs(hidden[0, 1]) > 1
    holds[12] = abs(hidden[1, 0]) > 1
    holds[13] = abs(hidden[1, 1]) < 1
    holds[14] = pieces[0, 0] < pieces[0, 1]
    holds[15] = pieces[2, 0] > pieces[2, 1]
    holds[16] = pieces[3, 0] > pieces[3, 1]
    holds[17] = pieces[5, 0] < pieces[5, 1]
    count = 0
    for i in range(CHECKS):
        if holds[i]:
            count += 1
    return count


def error_share(pieces: np.ndarray, which: int) -> float:
    """Share of the plane that a piece which contains x_0 = x_1 answers wrongly.

    It lies between that line and the line on which the logits tie, a sector of arctan(a_0 / a_1) - pi / 4.
    """
    a0, a1 = pieces[which, 0], pieces[which, 1]
    return atan2(abs(a0 - a1), a0 + a1) / TWO_PI


def error_rate(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, hidden: np.ndarray, pieces: np.ndarray,
    holds: np.ndarray,
) -> tuple[int, int, float, float]:  # fmt: skip
    """The exact error rate of a model to which the derivation applies.

    Parameters
    ----------
    w_hi, w_hh, w_oh
        Weights, shapes ``(2,)``, ``(2, 2)``, ``(2, 2)``, neurons in any order.
    hidden, pieces, holds
        Out, ``(2, 2)``, ``(6, 2)``, ``(18,)``: w_hh in standard form, the coefficients a_0 and a_1 of each
        piece, and which checks hold, all in the better order of the neurons.

    Returns
    -------
    Which neuron comes first, how many checks hold, and the shares of the plane that are answered wrongly with
    x_0 > 0 and with x_0 < 0 (both 0 unless all eighteen checks hold).
    """
    lead = reals(2)
    best, most = 0, -1
    for first in range(2):
        standard_form(w_hi, w_hh, w_oh, first, hidden, lead)
        coefficients(hidden, lead, pieces)
        count = eighteen_checks(w_hi, w_oh, first, hidden, pieces, holds)
        if count == CHECKS:
            return first, count, error_share(pieces, 1), error_share(pieces, 4)
        if count > most:
            best, most = first, count
    standard_form(w_hi, w_hh, w_oh, best, hidden, lead)
    coefficients(hidden, lead, pieces)
    return best, eighteen_checks(w_hi, w_oh, best, hidden, pieces, holds), 0.0, 0.0
