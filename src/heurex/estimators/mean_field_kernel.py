"""Kernel: how surely a network is right on a path, with noise on some inputs or with the last one integrated.

Paths lie side by side in lanes, as the sampler's inputs do. The noise is that of inputs marked *free*: linearised
about the path, or along one direction, the gradient of the margin. With the last input integrated, logits are
piecewise linear in it.
"""

from math import erfc, sqrt

import numpy as np

from heurex.estimators.line_kernel import LANES, line_shares
from heurex.estimators.line_tables_kernel import memory, tables_for
from heurex.estimators.sampling_kernel import drive, largest_logit, rectify, second_largest, step, weigh
from heurex.kernels import reals

KERNEL = True

ROOT_HALF = 0.7071067811865476


def phi(t: float) -> float:
    """Distribution function of the standard normal law."""
    return 0.5 * erfc(-ROOT_HALF * t)


def states(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    inputs: np.ndarray,
    lanes: int,
    z: np.ndarray,
    history: np.ndarray,
    nothing: float,
) -> None:
    """The states after each input, ``history``, ``(steps, d, lanes)``."""
    for i in range(inputs.shape[0]):
        drive(w_hi, inputs[i], lanes, False, z)
        if i > 0:
            step(w_hh, history[i - 1], z, lanes)
        rectify(z, history[i], lanes, nothing)


def margins(
    w_oh: np.ndarray, state: np.ndarray, label: np.ndarray, lanes: int, work: np.ndarray, rival: np.ndarray
) -> None:
    """Logit of the label, to ``work[0]``; the largest of the others, to ``work[1]``; the first that has it."""
    mine, best, logit = work[0], work[1], work[2]
    for t in range(lanes):
        rival[t] = -1
    for i in range(w_oh.shape[0]):
        weigh(w_oh[i], state, logit, lanes)
        for t in range(lanes):
            value = logit[t]
            if label[t] == i:
                mine[t] = value
            elif rival[t] < 0 or value > best[t]:
                best[t] = value
                rival[t] = i


def gradients(
    w_hi: np.ndarray,
    back: np.ndarray,
    w_oh: np.ndarray,
    history: np.ndarray,
    label: np.ndarray,
    rival: np.ndarray,
    lanes: int,
    adjoint: np.ndarray,
    gradient: np.ndarray,
    nothing: float,
) -> None:
    """Derivative of the label's logit less its rival's by each input; ``back`` is w_hh transposed."""
    d, last = w_hi.shape[0], history.shape[0] - 1
    for j in range(d):
        for t in range(lanes):
            adjoint[0, j, t] = w_oh[label[t], j] - w_oh[rival[t], j]
    here = 0
    for i in range(last, -1, -1):
        now = adjoint[here]
        for j in range(d):
            for t in range(lanes):
                now[j, t] = now[j, t] if history[i, j, t] > 0 else nothing
        weigh(w_hi, now, gradient[i], lanes)
        if i > 0:
            here = 1 - here
            for j in range(d):
                weigh(back[j], now, adjoint[here, j], lanes)


def noisy_shares(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    back: np.ndarray,
    w_oh: np.ndarray,
    x: np.ndarray,
    free: np.ndarray,
    spread: np.ndarray,
    quantiles: np.ndarray,
    share: np.ndarray,
) -> None:
    """The share of the noise under which each path is answered rightly.

    Parameters
    ----------
    w_hi, w_hh, back, w_oh
        Weights, and w_hh transposed.
    x, free, spread
        Paths ``(n, k)``; which of their inputs are noisy, ``(n, k)``; the noise's standard deviation, ``(k,)``.
    quantiles
        Where on the margin's gradient the network is run, in standard deviations; none: linearised noise.
    share
        Out, ``(k,)``.
    """
    d, n, total = w_hi.shape[0], w_oh.shape[0], x.shape[1]
    inputs, z = reals(n, LANES), reals(d, LANES)
    history, adjoint = reals(n, d, LANES), reals(2, d, LANES)
    gradient, work = reals(n, LANES), reals(3, LANES)
    moved, places, answer, asked = reals(n, LANES), np.zeros(n), np.zeros(LANES), np.zeros(LANES)
    label, rival = np.zeros(LANES, np.int64), np.zeros(LANES, np.int64)
    for i in range(n):
        places[i] = i
    for start in range(0, total, LANES):
        lanes = min(LANES, total - start)
        for i in range(n):
            for t in range(lanes):
                inputs[i, t] = x[i, start + t]
        second_largest(inputs, places, lanes, work, asked)
        for t in range(lanes):
            label[t] = int(asked[t])
        states(w_hi, w_hh, inputs, lanes, z, history, 0.0)
        margins(w_oh, history[n - 1], label, lanes, work, rival)
        gradients(w_hi, back, w_oh, history, label, rival, lanes, adjoint, gradient, 0.0)
        # per lane: standard deviation of the noise along the gradient, per unit of gradient squared
        for t in range(lanes):
            square = 0.0
            for i in range(n):
                if free[i, start + t]:
                    square = square + gradient[i, t] * gradient[i, t]
            mine, best = work[0, t], work[1, t]
            if not square > 0:
                share[start + t] = 1.0 if mine > best or (mine == best and label[t] < rival[t]) else 0.0
                adjoint[0, 0, t] = 0.0
            elif quantiles.shape[0] == 0:
                share[start + t] = phi((mine - best) / (spread[start + t] * sqrt(square)))
            else:
                share[start + t] = 0.0
                adjoint[0, 0, t] = spread[start + t] / sqrt(square)
        for q in range(quantiles.shape[0]):
            for i in range(n):
                for t in range(lanes):
                    moved[i, t] = inputs[i, t]
                    if free[i, start + t]:
                        moved[i, t] = inputs[i, t] + quantiles[q] * adjoint[0, 0, t] * gradient[i, t]
            states(w_hi, w_hh, moved, lanes, z, history, 0.0)
            largest_logit(w_oh, history[n - 1], places, lanes, work, answer)
            for t in range(lanes):
                if adjoint[0, 0, t] > 0 and answer[t] == label[t]:
                    share[start + t] = share[start + t] + 1.0 / quantiles.shape[0]


def last_shares(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, x: np.ndarray, share: np.ndarray, doubt: np.ndarray
) -> None:
    """The share of a normal last input that is answered rightly; x are the earlier inputs, ``(n - 1, k)``."""
    bounded_shares(w_hi, w_hh, w_oh, x, np.zeros(3), share, doubt)


def bounded_shares(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, x: np.ndarray, rounding: np.ndarray, share: np.ndarray,
    doubt: np.ndarray,
) -> None:  # fmt: skip
    """:func:`last_shares` and, to ``doubt``, where they hang on rounding; that of :func:`line_shares`."""
    d, n, total = w_hi.shape[0], w_oh.shape[0], x.shape[1]
    inputs, z, state, work = reals(n - 1, LANES), reals(d, LANES), reals(d, LANES), reals(3, LANES)
    places, asked, top = np.zeros(n - 1), np.zeros(LANES), reals(2, LANES)
    where, known, none = np.zeros((2, LANES), np.int64), np.zeros((0, 0)), np.zeros(0)
    ops = np.zeros(5, np.int64)
    tables = tables_for(w_hi, w_oh, ops)
    numbers, counts = memory(d, n, tables[3].shape[0] + 2)
    levels, shared, unsure = reals(d, LANES), reals(LANES), np.zeros(LANES)
    for i in range(n - 1):
        places[i] = i
    for start in range(0, total, LANES):
        lanes = min(LANES, total - start)
        for i in range(n - 1):
            for t in range(lanes):
                inputs[i, t] = x[i, start + t]
        second_largest(inputs, places, lanes, work, asked)
        for t in range(lanes):
            where[0, t], where[1, t] = int(work[1, t]), int(asked[t])
            top[0, t], top[1, t] = work[0, t], work[2, t]
        for i in range(n - 1):
            drive(w_hi, inputs[i], lanes, False, z)
            if i > 0:
                step(w_hh, state, z, lanes)
            rectify(z, state, lanes, 0.0)
        for j in range(d):
            weigh(w_hh[j], state, levels[j], lanes)
        line_shares(
            levels, top, where, known, w_hi, w_oh, tables, none, rounding, numbers, counts, lanes, shared, unsure, ops,
        )  # fmt: skip
        for t in range(lanes):
            share[start + t], doubt[start + t] = shared[t], unsure[t]
