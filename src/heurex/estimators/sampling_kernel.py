"""Kernel: right or wrong, and answers, on many inputs of one model.

Inputs lie as a structure of arrays, ``(n, k)``: the innermost loops run over inputs side by side (*lanes*) without
branches, so that a compiler turns them into vector instructions. Everything that a lane holds is of the inputs' type,
places of inputs included: mixed widths would undo that.
"""

import numpy as np

KERNEL = True

LANES = 256
"""Inputs that go through together: few enough that the states of 16 neurons stay in the nearest cache."""


def add_row(weights: np.ndarray, first: int, state: np.ndarray, out: np.ndarray, lanes: int) -> None:
    """Add to out the weighted states from the first on, one after the other, four to a pass over the lanes."""
    d = weights.shape[0]
    k = first
    while k + 4 <= d:
        a, b, c, e = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        for t in range(lanes):
            out[t] = (
                out[t] + a * state[k, t] + b * state[k + 1, t] + c * state[k + 2, t] + e * state[k + 3, t]
            )
        k += 4
    while k < d:
        a = weights[k]
        for t in range(lanes):
            out[t] = out[t] + a * state[k, t]
        k += 1


def weigh(weights: np.ndarray, state: np.ndarray, out: np.ndarray, lanes: int) -> None:
    """Set out to the weighted states, added one after the other."""
    first = 4 if weights.shape[0] >= 4 else 1
    if first == 4:
        a, b, c, e = weights[0], weights[1], weights[2], weights[3]
        for t in range(lanes):
            out[t] = a * state[0, t] + b * state[1, t] + c * state[2, t] + e * state[3, t]
    else:
        a = weights[0]
        for t in range(lanes):
            out[t] = a * state[0, t]
    add_row(weights, first, state, out, lanes)


def add_four_rows(weights: np.ndarray, j: int, state: np.ndarray, out: np.ndarray, lanes: int) -> None:
    """Rows j to j + 3 of :func:`add_row` in one go: every state that is read serves four sums."""
    d = weights.shape[1]
    k = 0
    while k + 4 <= d:
        a0, a1, a2, a3 = weights[j, k], weights[j, k + 1], weights[j, k + 2], weights[j, k + 3]
        b0, b1, b2, b3 = (
            weights[j + 1, k],
            weights[j + 1, k + 1],
            weights[j + 1, k + 2],
            weights[j + 1, k + 3],
        )
        c0, c1, c2, c3 = (
            weights[j + 2, k],
            weights[j + 2, k + 1],
            weights[j + 2, k + 2],
            weights[j + 2, k + 3],
        )
        e0, e1, e2, e3 = (
            weights[j + 3, k],
            weights[j + 3, k + 1],
            weights[j + 3, k + 2],
            weights[j + 3, k + 3],
        )
        for t in range(lanes):
            p, q, r, s = state[k, t], state[k + 1, t], state[k + 2, t], state[k + 3, t]
            a, b, c, e = out[j, t], out[j + 1, t], out[j + 2, t], out[j + 3, t]
            out[j, t] = a + a0 * p + a1 * q + a2 * r + a3 * s
            out[j + 1, t] = b + b0 * p + b1 * q + b2 * r + b3 * s
            out[j + 2, t] = c + c0 * p + c1 * q + c2 * r + c3 * s
            out[j + 3, t] = e + e0 * p + e1 * q + e2 * r + e3 * s
        k += 4
    while k < d:
        a, b, c, e = weights[j, k], weights[j + 1, k], weights[j + 2, k], weights[j + 3, k]
        for t in range(lanes):
            p = state[k, t]
            out[j, t] = out[j, t] + a * p
            out[j + 1, t] = out[j + 1, t] + b * p
            out[j + 2, t] = out[j + 2, t] + c * p
            out[j + 3, t] = out[j + 3, t] + e * p
        k += 1


def drive(w_hi: np.ndarray, x: np.ndarray, width: int, mirrored: bool, out: np.ndarray) -> None:
    """What one input adds to every preactivation; for the input's opposite that is the opposite, free of charge."""
    for j in range(w_hi.shape[0]):
        w = w_hi[j]
        for t in range(width):
            out[j, t] = w * x[t]
        if mirrored:
            for t in range(width):
                out[j, width + t] = -out[j, t]


def step(w_hh: np.ndarray, state: np.ndarray, out: np.ndarray, lanes: int) -> None:
    """Add what the states add to the preactivations."""
    d = w_hh.shape[0]
    j = 0
    while j + 4 <= d:
        add_four_rows(w_hh, j, state, out, lanes)
        j += 4
    while j < d:
        add_row(w_hh[j], 0, state, out[j], lanes)
        j += 1


def rectify(preactivation: np.ndarray, state: np.ndarray, lanes: int, nothing: float) -> None:
    """ReLU."""
    for j in range(state.shape[0]):
        for t in range(lanes):
            z = preactivation[j, t]
            state[j, t] = z if z > 0 else nothing


def second_largest(
    x: np.ndarray, places: np.ndarray, lanes: int, work: np.ndarray, label: np.ndarray
) -> None:
    """The place of the second largest input; of equal ones the earlier counts as the larger."""
    top, top_at, second = work[0], work[1], work[2]
    here, there = places[0], places[1]
    for t in range(lanes):
        one, two = x[0, t], x[1, t]
        later = two > one
        top[t] = two if later else one
        second[t] = one if later else two
        top_at[t] = there if later else here
        label[t] = here if later else there
    for i in range(2, x.shape[0]):
        here = places[i]
        for t in range(lanes):
            value, best, best_at, next_best, next_at = x[i, t], top[t], top_at[t], second[t], label[t]
            larger = value > best
            between = value > next_best
            next_at = best_at if larger else (here if between else next_at)
            next_best = best if larger else (value if between else next_best)
            best_at = here if larger else best_at
            best = value if larger else best
            label[t], second[t], top_at[t], top[t] = next_at, next_best, best_at, best


def largest_logit(
    w_oh: np.ndarray, state: np.ndarray, places: np.ndarray, lanes: int, work: np.ndarray, answer: np.ndarray
) -> None:
    """The place of the first largest logit."""
    best, logit = work[0], work[1]
    for i in range(w_oh.shape[0]):
        here = places[i]
        weigh(w_oh[i], state, logit, lanes)
        if i == 0:
            for t in range(lanes):
                best[t] = logit[t]
                answer[t] = here
        else:
            for t in range(lanes):
                value, most, at = logit[t], best[t], answer[t]
                larger = value > most
                at = here if larger else at
                most = value if larger else most
                answer[t], best[t] = at, most


def outcomes(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    x: np.ndarray,
    right: np.ndarray,
    answers: np.ndarray,
) -> None:
    """Whether the answers to inputs are right, and the answers.

    x is ``(n, k)``, of the weights' type. right is ``(1, k)``, or ``(2, k)`` for the inputs and their opposites, which
    share the products of w_hi and x. answers is ``(1, k)`` or ``(2, k)`` likewise, or ``(0, 0)`` if not wanted.
    """
    d, n, total = w_hi.shape[0], w_oh.shape[0], x.shape[1]
    mirrored = right.shape[0] == 2
    wanted = answers.shape[0] > 0
    block = LANES // 2 if mirrored else LANES
    inputs = np.zeros((n, LANES), x.dtype)
    preactivation, state = np.zeros((d, LANES), x.dtype), np.zeros((d, LANES), x.dtype)
    work = np.zeros((3, LANES), x.dtype)
    label, answer = np.zeros(LANES, x.dtype), np.zeros(LANES, x.dtype)
    places = np.zeros(n, x.dtype)
    nothing = places[0]
    for i in range(n):
        places[i] = i
    for start in range(0, total, block):
        width = min(block, total - start)
        lanes = 2 * width if mirrored else width
        for i in range(n):
            source, row = x[i, start:], inputs[i]
            for t in range(width):
                row[t] = source[t]
            if mirrored:
                for t in range(width):
                    row[width + t] = -row[t]
        for i in range(n):
            drive(w_hi, inputs[i], width, mirrored, preactivation)
            if i > 0:
                step(w_hh, state, preactivation, lanes)
            rectify(preactivation, state, lanes, nothing)
        second_largest(inputs, places, lanes, work, label)
        largest_logit(w_oh, state, places, lanes, work, answer)
        for side in range(right.shape[0]):
            said, asked = answer[side * width :], label[side * width :]
            marks = right[side, start:]
            for t in range(width):
                marks[t] = said[t] == asked[t]
            if wanted:
                for t in range(width):
                    answers[side, start + t] = int(said[t])


def shrink(share: float, towards: float, spread: float, samples: float) -> tuple[float, float]:
    """The best linear guess from a sampled share, where accuracies have a known mean and deviation, and its weight."""
    variance = spread * spread
    noise = (towards * (1 - towards) - variance) / samples
    weight = variance / (variance + noise)
    return towards + weight * (share - towards), weight
