"""Kernel: bounds on the accuracy within a budget of operations, for n = 3 and any d.

Rays from the x_2 axis on which a neuron of step 2 vanishes, x_0 = x_1 or x_0 = 0 cut the directions of (x_0, x_1)
into wedges; in a wedge the state before the last step is linear. The widest wedge that is not settled comes
first. In it, thresholds in x_2 (of neurons, and of the label at x_0 and x_1) are great circles from ray to ray; a
sweep from one ray to the other, from crossing to crossing, gives the cells between them. A cell whose corners
are answered rightly is right; what is wrong in the others is clipped and measured.

``meter`` holds the operations spent and the budget. Nothing is calculated before it is paid for, by a price
that is never too low; square roots and arctangents cost 10.
"""

from math import atan2

import numpy as np

from heurex.estimators.anytime_cells_kernel import WIDTH
from heurex.estimators.anytime_rays_kernel import (
    KNOWN,
    NOISE,
    ROOT,
    THREE,
    find_levels,
    new_ray,
    pair_of,
    pay,
    times,
)
from heurex.estimators.anytime_sweep_kernel import sweep
from heurex.estimators.threshold_kernel import ROUNDING, rescale
from heurex.kernels import reals

KERNEL = True

TWO_PI = 6.283185307179586
UNIT = 1.2e-16
# Rounding of a margin in shares of the largest product that goes into it.
ROUNDINGS = 5e-16
# NumPy integers where they are passed on: numba compiles a callee anew for each plain literal.
ONE, TWELVE, NONE = np.int64(1), np.int64(12), np.int64(-1)


def anytime(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    rank: int,
    budget: int,
    bounds: np.ndarray,
    meter: np.ndarray,
) -> bool:
    """Lower and upper bounds on the accuracy of a model with n = 3, within a budget.

    Parameters
    ----------
    w_hi, w_hh, w_oh
        Weights, shapes ``(d,)``, ``(d, d)``, ``(3, d)``.
    rank
        Rank of the input that is asked for; the largest has rank 0.
    budget
        Operations allowed, square root and arctangent 10 each.
    bounds
        Out: lower and upper bound.
    meter
        Out, ``(2,)`` integers: operations spent, by prices that are never too low, and the budget.

    Returns
    -------
    Whether every wedge was settled.
    """
    d = w_hi.shape[0]
    bounds[0], bounds[1] = 0.0, 1.0
    meter[0], meter[1] = 0, budget
    if not pay(meter, setup_price(d)):
        return False
    signs = np.zeros(d, np.int64)
    hidden, after, weights = reals(d, d), reals(2, d), reals(3, d)
    rounded = rescale(w_hi, w_hh, signs, hidden, after)
    for label in range(2):
        for rival in range(label + 1, 3):
            for j in range(d):
                weight = w_oh[label, j] - w_oh[rival, j] if w_oh[label, j] != w_oh[rival, j] else 0.0
                if signs[j] != 0 and weight != 0:
                    weight = weight * abs(w_hi[j])
                weights[pair_of(label, rival), j] = weight
    pole, pole_largest, pole_known = reals(2, 3), reals(2, 3), np.zeros((2, 3), np.int8)
    z = reals(d)
    for down in range(2):
        for pair in range(3):
            pole_known[down, pair] = pole_margin(
                weights, pair, signs, 1 - 2 * down, pole[down], pole_largest[down]
            )
    asked = np.zeros(1, np.int64)
    asked[0] = rank
    model = (signs, hidden, after, weights, pole, pole_largest, pole_known, asked)
    capacity = room_for(d)
    rays, levels = reals(capacity, 2), reals(capacity, d)
    margins, largest = reals(capacity, d + 2, 3), reals(capacity, d + 2, 3)
    lengths, flat = reals(capacity, d + 2), reals(capacity)
    facts, known = np.zeros((capacity, 2), np.int8), np.zeros((capacity, d + 2, 3), np.int8)
    lengths[:, :], flat[:] = -1.0, -1.0
    if rounded:
        facts[:, 1] = NOISE
    store = (rays, levels, margins, largest, facts, known, lengths, flat, reals(capacity, d + 2))
    most = 2 * d + 10
    scratch = (
        reals(d), z, reals(most, WIDTH), np.zeros(most, np.int64), reals(most, WIDTH), np.zeros(most, np.int64),
        reals(most, WIDTH), np.zeros(most, np.int64), reals(2), np.zeros(d + 2, np.int64),
        np.zeros((most, 2), np.int64), np.zeros(2, np.int64), np.zeros(d + 2, np.int64), reals(d + 2, d + 2),
    )  # fmt: skip
    wedges, shares = np.zeros((capacity, 2), np.int64), reals(capacity)
    used = first_rays(after, signs, rays)
    for i in range(used):
        if not pay(meter, wedge_price(rays, i, i + 1 if i + 1 < used else 0)):
            return False
        wedges[i, 0], wedges[i, 1] = i, i + 1 if i + 1 < used else 0
        shares[i] = wedge_fraction(rays, i, wedges[i, 1])
    return run(used, wedges, shares, store, model, scratch, bounds, meter)


def setup_price(d: int) -> int:
    """What :func:`anytime` costs before its first wedge, at most."""
    return 2 * d * (d - 1) + d * (d + 1) + 6 * d + 3 * (d + 2) + d * d + 3 * d + 1


def room_for(d: int) -> int:
    """No more rays than these are known at a time.

    To begin with, where a constant neuron vanishes in one of those wedges, and the crossings in one wedge.
    """
    return (2 * d + 4) * (d + 1) + (d + 2) * (d + 1) // 2


def first_rays(after: np.ndarray, signs: np.ndarray, rays: np.ndarray) -> int:
    """Rays that bound the wedges, once round from (0, -1); none twice."""
    count = ONE
    rays[0, 0], rays[0, 1] = 0.0, -1.0
    for side in range(2):
        begin = count
        for j in range(-1, signs.shape[0]):
            # +-1 times what the first input adds, plus or minus the second: zero here without rounding
            height = 1.0 - 2.0 * side
            if j >= 0:
                if signs[j] == 0:
                    continue
                height = -after[side, j] if signs[j] > 0 else after[side, j]
            at = count
            while at > begin and (rays[at - 1, 1] > height if side == 0 else rays[at - 1, 1] < height):
                at -= 1
            if at > begin and rays[at - 1, 1] == height:
                continue
            for i in range(count, at, -1):
                rays[i, 0], rays[i, 1] = rays[i - 1, 0], rays[i - 1, 1]
            rays[at, 0], rays[at, 1] = 1.0 - 2.0 * side, height
            count += 1
        if side == 0:
            rays[count, 0], rays[count, 1] = 0.0, 1.0
            count += 1
    return count


def wedge_fraction(rays: np.ndarray, a: int, b: int) -> float:
    """Share of all directions of (x_0, x_1) between two rays less than 180 degrees apart."""
    across = times(rays[a, 0], rays[b, 1]) - times(rays[a, 1], rays[b, 0])
    along = times(rays[a, 0], rays[b, 0]) + times(rays[a, 1], rays[b, 1])
    return abs(atan2(across, along)) / TWO_PI


def wedge_price(rays: np.ndarray, a: int, b: int) -> int:
    """What :func:`wedge_fraction` costs, at most."""
    price = 3 + ROOT
    for i in range(2):
        for j in range(2):
            if abs(rays[a, i]) != 1 and rays[a, i] != 0 and abs(rays[b, j]) != 1 and rays[b, j] != 0:
                price += 1
    return price


def pole_margin(
    weights: np.ndarray, pair: int, signs: np.ndarray, sign: int, margin: np.ndarray, largest: np.ndarray
) -> int:
    """:func:`combine` on the x_2 axis, where neurons of one sign are on and have the value 1."""
    total, most = 0.0, 0.0
    terms = 0
    for j in range(signs.shape[0]):
        if signs[j] == sign and weights[pair, j] != 0:
            total = total + weights[pair, j] if terms > 0 else weights[pair, j]
            terms += 1
            if abs(weights[pair, j]) > most:
                most = abs(weights[pair, j])
    margin[pair], largest[pair] = total, most
    if terms > 1 and abs(total) <= ROUNDING * most:
        margin[pair] = 0.0
        return NOISE
    return KNOWN


def run(
    used: int,
    wedges: np.ndarray,
    shares: np.ndarray,
    store: tuple[np.ndarray, ...],
    model: tuple[np.ndarray, ...],
    scratch: tuple[np.ndarray, ...],
    bounds: np.ndarray,
    meter: np.ndarray,
) -> bool:
    """Settle wedges, the widest first, until none is left (true) or the budget or the room is spent."""
    signs = model[0]
    d = signs.shape[0]
    chains = (
        np.zeros((d + 3, d + 5, 2), np.int64), np.zeros((d + 3, d + 5, 2), np.int64), np.zeros((2, d + 3), np.int64)
    )  # fmt: skip
    out = reals(3)
    waiting = used
    strain = strain_of(model)
    right, wrong, rounding = 0.0, 0.0, UNIT
    while waiting > 0:
        widest = 0
        for i in range(1, waiting):
            if shares[i] > shares[widest]:
                widest = i
        a, b = wedges[widest, 0], wedges[widest, 1]
        if not find_levels(a, store, model, scratch[0], meter) or not find_levels(
            b, store, model, scratch[0], meter
        ):
            return False
        j = find_zero(a, b, store[1], signs)
        if j >= 0:
            if not cut_wedge(widest, j, used, waiting, wedges, shares, store, signs, meter):
                return False
            used += 1
            waiting += 1
            continue
        if not sweep(a, b, used, store, model, scratch, chains, out, meter) or not pay(meter, TWELVE):
            return False
        right = right + (shares[widest] - (out[0] + out[1]))
        wrong = wrong + out[0]
        if out[2] > 0:
            scale = max(scale_of(store[0], a), scale_of(store[0], b))
            rounding = rounding + shares[widest] * out[2] * (strain * scale)
        bounds[0] = max(bounds[0], right - rounding)
        bounds[1] = min(bounds[1], (1.0 - wrong) + rounding)
        waiting -= 1
        wedges[widest, 0], wedges[widest, 1] = wedges[waiting, 0], wedges[waiting, 1]
        shares[widest] = shares[waiting]
    return True


def strain_of(model: tuple[np.ndarray, ...]) -> float:
    """Rounding of a margin where the inputs are at most 1: by the largest product of weights along any path."""
    signs, hidden, after, weights = model[0], model[1], model[2], model[3]
    d = signs.shape[0]
    largest = 0.0
    for j in range(d):
        path = 1.0
        for k in range(d):
            path = max(path, abs(hidden[j, k]) * max(1.0, max(abs(after[0, k]), abs(after[1, k]))))
        for pair in range(3):
            largest = max(largest, abs(weights[pair, j]) * path)
    return ROUNDINGS * largest


def scale_of(rays: np.ndarray, ray: int) -> float:
    """The larger input on a ray."""
    return max(abs(rays[ray, 0]), abs(rays[ray, 1]))


def find_zero(a: int, b: int, levels: np.ndarray, signs: np.ndarray) -> int:
    """A neuron that does not read the input and changes sign between two rays, -1 if there is none."""
    for j in range(signs.shape[0]):
        if signs[j] == 0 and (
            (levels[a, j] > 0 and levels[b, j] < 0) or (levels[a, j] < 0 and levels[b, j] > 0)
        ):
            return j
    return -1


def cut_wedge(
    widest: int,
    j: int,
    new: int,
    waiting: int,
    wedges: np.ndarray,
    shares: np.ndarray,
    store: tuple[np.ndarray, ...],
    signs: np.ndarray,
    meter: np.ndarray,
) -> bool:
    """Cut a wedge where neuron j vanishes; the second part goes to the end. False if the budget stops it."""
    rays, levels = store[0], store[1]
    a, b = wedges[widest, 0], wedges[widest, 1]
    if not pay(meter, THREE):
        return False
    share = levels[a, j] / (levels[a, j] - levels[b, j])
    if not new_ray(a, b, new, j, NONE, share, store, signs, meter) or not pay(
        meter, wedge_price(rays, a, new)
    ):
        return False
    part = min(wedge_fraction(rays, a, new), shares[widest])
    wedges[waiting, 0], wedges[waiting, 1], shares[waiting] = new, b, shares[widest] - part
    wedges[widest, 1], shares[widest] = new, part
    return True


def anytime_batch(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    rank: int,
    budget: int,
    bounds: np.ndarray,
    spent: np.ndarray,
    done: np.ndarray,
) -> None:
    """:func:`anytime` for each of a stack of models; a row of ``bounds`` and an entry of the others for each."""
    meter = np.zeros(2, np.int64)
    for i in range(w_hi.shape[0]):
        done[i] = anytime(w_hi[i], w_hh[i], w_oh[i], rank, budget, bounds[i], meter)
        spent[i] = meter[0]
