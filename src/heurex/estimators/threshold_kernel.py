"""Kernel: what happens at the last input, seen from a fixed direction of the inputs before it.

Neurons are rescaled so that each reads the input with weight +1, -1 or 0, which changes no answer. Along
x_last = t with the earlier inputs fixed, neuron j of the last step is on beyond the threshold t = T_j (or
before it), and logits are linear between thresholds.
"""

import numpy as np

KERNEL = True

# A sum is taken for zero when it is below this share of its largest term: rounding, not a value.
ROUNDING = 1e-15


def rescale(
    w_hi: np.ndarray, w_hh: np.ndarray, signs: np.ndarray, hidden: np.ndarray, after: np.ndarray
) -> bool:
    """Put neurons into units in which they read the input with weight +1, -1 or 0.

    ``signs``, ``(d,)``, gets those weights; ``hidden``, ``(d, d)``, the recurrent weights; ``after``,
    ``(2, d)``, the next preactivations' share of a first input of +1 (row 0) and of -1 (row 1). True if one of these
    was all rounding and is taken for zero.
    """
    d = w_hi.shape[0]
    for j in range(d):
        signs[j] = 1 if w_hi[j] > 0 else (-1 if w_hi[j] < 0 else 0)
    for j in range(d):
        for k in range(d):
            weight = w_hh[j, k]
            if j != k and weight != 0:
                if signs[k] != 0:
                    weight = weight * abs(w_hi[k])
                if signs[j] != 0:
                    weight = weight / abs(w_hi[j])
            hidden[j, k] = weight
    rounded = False
    for j in range(d):
        for side in range(2):
            after[side, j], noise = add_up(hidden, j, signs, 1 - 2 * side)
            rounded = rounded or noise
    return rounded


def add_up(hidden: np.ndarray, row: int, signs: np.ndarray, sign: int) -> tuple[float, bool]:
    """Sum of a row over neurons of one sign, and whether it was rounding only and is taken for zero."""
    total = 0.0
    largest = 0.0
    terms = 0
    for k in range(signs.shape[0]):
        if signs[k] == sign and hidden[row, k] != 0:
            term = hidden[row, k]
            total = total + term if terms > 0 else term
            terms += 1
            if abs(term) > largest:
                largest = abs(term)
    if terms > 1 and signs[row] == 0 and abs(total) <= ROUNDING * largest:
        return 0.0, True
    return total, False


def state_before(
    first: float, second: float, after: np.ndarray, signs: np.ndarray, state: np.ndarray
) -> None:
    """The hidden state after two inputs, in the units of :func:`rescale`."""
    side = 0 if first > 0 else 1
    size = abs(first)
    for j in range(signs.shape[0]):
        z = size * after[side, j] if size != 0 and after[side, j] != 0 else 0.0
        if signs[j] > 0:
            z = z + second if z != 0 else second
        elif signs[j] < 0:
            z = z - second if z != 0 else -second
        state[j] = z if z > 0 else 0.0


def read_state(hidden: np.ndarray, signs: np.ndarray, state: np.ndarray, levels: np.ndarray) -> bool:
    """The last preactivations at t = 0; true if one was all rounding and is taken for zero.

    Only where a neuron does not read the input can it matter: elsewhere rounding moves its threshold a little.
    """
    rounded = False
    d = signs.shape[0]
    for j in range(d):
        total = 0.0
        largest = 0.0
        terms = 0
        for k in range(d):
            if state[k] != 0 and hidden[j, k] != 0:
                term = hidden[j, k] * state[k]
                total = total + term if terms > 0 else term
                terms += 1
                if abs(term) > largest:
                    largest = abs(term)
        if signs[j] == 0 and terms > 1 and abs(total) <= ROUNDING * largest:
            total = 0.0
            rounded = True
        levels[j] = total
    return rounded
