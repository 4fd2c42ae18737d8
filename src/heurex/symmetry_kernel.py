"""Kernel: a model's symmetric part over a pairing of its neurons, and the noise that stands for the rest.

Source: Hilton (2024), "Version based on George's approach"; Robinson, "Symmetric RNNs".
"""

import numpy as np

from heurex.kernels import reals

KERNEL = True

# A smaller asymmetry counts as smaller when it is below this share of the other.
IMPROVED = 1 - 1e-12


def average(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    pairing: np.ndarray,
    sym: tuple[np.ndarray, np.ndarray, np.ndarray],
    eps: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """Least-squares symmetric weights W' (``sym``) and what they leave of each weight (``eps``).

    ``pairing`` is ``(p, 2)``: the two neurons of each pair, with opposite roles. A neuron in no pair has no
    symmetric weights: all of its own stay in ``eps``.
    """
    if 2 * pairing.shape[0] < w_hi.shape[0]:
        for j in range(w_hi.shape[0]):
            eps[0][j] = w_hi[j]
            for k in range(w_hi.shape[0]):
                eps[1][j, k] = w_hh[j, k]
            for row in range(w_oh.shape[0]):
                eps[2][row, j] = w_oh[row, j]
    for r in range(pairing.shape[0]):
        i, j = pairing[r, 0], pairing[r, 1]
        sym[0][r] = (w_hi[i] - w_hi[j]) / 2
        eps[0][i] = w_hi[i] - sym[0][r]
        eps[0][j] = w_hi[j] + sym[0][r]
        for row in range(w_oh.shape[0]):
            sym[2][row, r] = (w_oh[row, i] + w_oh[row, j]) / 2
            eps[2][row, i] = w_oh[row, i] - sym[2][row, r]
            eps[2][row, j] = w_oh[row, j] - sym[2][row, r]
        for q in range(pairing.shape[0]):
            k, m = pairing[q, 0], pairing[q, 1]
            mean = ((w_hh[i, k] - w_hh[i, m]) + (w_hh[j, m] - w_hh[j, k])) / 4
            sym[1][r, q] = mean
            eps[1][i, k] = w_hh[i, k] - mean
            eps[1][i, m] = w_hh[i, m] + mean
            eps[1][j, k] = w_hh[j, k] + mean
            eps[1][j, m] = w_hh[j, m] - mean


def sum_of_squares(eps: tuple[np.ndarray, np.ndarray, np.ndarray]) -> float:
    """Sum of squares of all entries of eps: the asymmetry of a model in a pairing."""
    total = 0.0
    for j in range(eps[0].shape[0]):
        total = total + eps[0][j] * eps[0][j]
        for k in range(eps[1].shape[1]):
            total = total + eps[1][j, k] * eps[1][j, k]
        for row in range(eps[2].shape[0]):
            total = total + eps[2][row, j] * eps[2][row, j]
    return total


def least_asymmetric(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    pairings: np.ndarray,
    sym: tuple[np.ndarray, np.ndarray, np.ndarray],
    eps: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> int:
    """Which of the pairings, ``(pairings, p, 2)``, leaves the least asymmetry; ``sym`` and ``eps`` are its own."""
    best, least = 0, 0.0
    for i in range(pairings.shape[0]):
        average(w_hi, w_hh, w_oh, pairings[i], sym, eps)
        here = sum_of_squares(eps)
        if i == 0 or here < least:
            best, least = i, here
    average(w_hi, w_hh, w_oh, pairings[best], sym, eps)
    return best


def search_pairing(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    starts: np.ndarray,
    sym: tuple[np.ndarray, np.ndarray, np.ndarray],
    eps: tuple[np.ndarray, np.ndarray, np.ndarray],
    pairing: np.ndarray,
) -> float:
    """A pairing of small asymmetry, by local search; returns its asymmetry.

    Every start is a neuron order, ``(starts, d)``: neighbours are pairs, the last one is alone if d is odd. From
    each of them two neurons change places as long as that makes the asymmetry smaller. The least asymmetry of
    all is a quadratic assignment problem: a better pairing than the one that is found may exist.
    """
    d, p = w_hi.shape[0], pairing.shape[0]
    trial, order = np.empty((p, 2), np.int64), np.empty(d, np.int64)
    best, found = 0.0, False
    for start in range(starts.shape[0]):
        for j in range(d):
            order[j] = starts[start, j]
        least = asymmetry_of(w_hi, w_hh, w_oh, order, trial, sym, eps)
        better = True
        while better:
            better = False
            for i in range(d):
                for j in range(i + 1, d):
                    if i // 2 == j // 2:
                        continue
                    order[i], order[j] = order[j], order[i]
                    here = asymmetry_of(w_hi, w_hh, w_oh, order, trial, sym, eps)
                    if here < least * IMPROVED:
                        least = here
                        better = True
                    else:
                        order[i], order[j] = order[j], order[i]
        if not found or least < best:
            best, found = least, True
            for r in range(p):
                pairing[r, 0], pairing[r, 1] = order[2 * r], order[2 * r + 1]
    return best


def asymmetry_of(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    order: np.ndarray,
    pairing: np.ndarray,
    sym: tuple[np.ndarray, np.ndarray, np.ndarray],
    eps: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> float:
    """Asymmetry of a model when neighbours in an order of its neurons are paired."""
    for r in range(pairing.shape[0]):
        pairing[r, 0], pairing[r, 1] = order[2 * r], order[2 * r + 1]
    average(w_hi, w_hh, w_oh, pairing, sym, eps)
    return sum_of_squares(eps)


def congruence(matrix: np.ndarray, inner: np.ndarray, add: np.ndarray, out: np.ndarray) -> None:
    """``out = matrix @ inner @ matrix.T + add`` for a symmetric ``inner``; ``add`` may be ``out``."""
    rows, size = matrix.shape
    half = reals(rows, size)
    for i in range(rows):
        for k in range(size):
            total = matrix[i, 0] * inner[0, k]
            for m in range(1, size):
                total = total + matrix[i, m] * inner[m, k]
            half[i, k] = total
    for i in range(rows):
        for j in range(i + 1):
            total = add[i, j]
            for k in range(size):
                total = total + half[i, k] * matrix[j, k]
            out[i, j] = total
            out[j, i] = total


def last_state_map(sym: tuple[np.ndarray, np.ndarray, np.ndarray], out: np.ndarray) -> None:
    """u_n as a linear map of the inputs, ``(p, n)``: column t is W'_hh^(n - 1 - t) W'_hi."""
    p, n = out.shape
    for r in range(p):
        out[r, n - 1] = sym[0][r]
    for t in range(n - 2, -1, -1):
        for r in range(p):
            total = sym[1][r, 0] * out[0, t + 1]
            for q in range(1, p):
                total = total + sym[1][r, q] * out[q, t + 1]
            out[r, t] = total


def spread_over_pairs(
    sym: tuple[np.ndarray, np.ndarray, np.ndarray],
    pairing: np.ndarray,
    out: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """The symmetric network as weights of full size: ``U^T w_hi``, ``U^T w_hh U``, ``w_oh V``."""
    for j in range(out[0].shape[0]):
        out[0][j] = 0.0
        for k in range(out[0].shape[0]):
            out[1][j, k] = 0.0
        for row in range(out[2].shape[0]):
            out[2][row, j] = 0.0
    for r in range(pairing.shape[0]):
        i, j = pairing[r, 0], pairing[r, 1]
        out[0][i], out[0][j] = sym[0][r], -sym[0][r]
        for row in range(out[2].shape[0]):
            out[2][row, i] = out[2][row, j] = sym[2][row, r]
        for q in range(pairing.shape[0]):
            k, m = pairing[q, 0], pairing[q, 1]
            out[1][i, k] = out[1][j, m] = sym[1][r, q]
            out[1][i, m] = out[1][j, k] = -sym[1][r, q]


def noise_covariance(
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    pairing: np.ndarray,
    sym: tuple[np.ndarray, np.ndarray, np.ndarray],
    eps: tuple[np.ndarray, np.ndarray, np.ndarray],
    out: np.ndarray,
) -> None:
    """Covariance of the logits' noise by covariance propagation, ``(n, n)``.

    Every variable is a zero-mean Gaussian, independent of those it is multiplied with, and positive with
    probability 1/2. The state's covariance is that of u spread over the pairs, C_h = U^T C_u U / 4, so the
    recursion runs on C_u; eps_hh U^T and eps_oh U^T are differences over the pairs.
    """
    d, n, p = w_hh.shape[0], w_oh.shape[0], pairing.shape[0]
    across, across_out = reals(d, p), reals(n, p)
    for r in range(p):
        i, j = pairing[r, 0], pairing[r, 1]
        for row in range(d):
            across[row, r] = (eps[1][row, i] - eps[1][row, j]) / 2
        for row in range(n):
            across_out[row, r] = (eps[2][row, i] - eps[2][row, j]) / 2
    signal, input_signal = reals(p, p), reals(p, p)
    noise, input_noise = reals(d, d), reals(d, d)
    for r in range(p):
        for q in range(p):
            input_signal[r, q] = sym[0][r] * sym[0][q]
            signal[r, q] = input_signal[r, q]
    for i in range(d):
        for j in range(d):
            input_noise[i, j] = eps[0][i] * eps[0][j]
            noise[i, j] = input_noise[i, j] / 4
    for _ in range(n - 1):
        congruence(w_hh, noise, input_noise, noise)
        congruence(across, signal, noise, noise)
        for i in range(d):
            for j in range(d):
                noise[i, j] = noise[i, j] / 4
        congruence(sym[1], signal, input_signal, signal)
    for i in range(n):
        for j in range(n):
            out[i, j] = 0.0
    congruence(w_oh, noise, out, out)
    congruence(across_out, signal, out, out)
