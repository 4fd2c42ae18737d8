"""Kernel: rays of the (x_0, x_1) plane with all that a network does in the half-planes above and below them.

Used by :mod:`heurex.estimators.anytime_kernel`. ``store`` holds what is known of rays, a row a ray: 0 the ray,
``(rays, 2)``; 1 the last preactivations at x_2 = 0, ``(rays, d)``; 2 differences of logits at thresholds,
``(rays, d + 2, 3)``, 3 their largest terms, and 5 what is known of them; 4 whether preactivations are known, and
whether one was rounding only, ``(rays, 2)``; 6 lengths of corners at thresholds, ``(rays, d + 2)``, 7 squared lengths
of rays, negative if unknown; 8 the largest numbers that thresholds come from, ``(rays, d + 2)``.

``model`` holds 0 the signs, 1 recurrent weights and 2 sums of :func:`heurex.estimators.threshold_kernel.rescale`;
3 differences of output weights, ``(3, d)``; 4 differences of logits on the x_2 axis, up and down, ``(2, 3)``, 5 their
largest terms, 6 what is known of them; 7 the rank of the input that is asked for, ``(1,)``. Thresholds are numbered:
0 .. d-1 the neurons, d and d + 1 where x_2 is x_0 or x_1.
"""

import numpy as np

from heurex.estimators.threshold_kernel import ROUNDING, read_state, state_before

KERNEL = True

# Price of a square root or an arctangent.
ROOT = np.int64(10)
# What is known of a margin at a corner: nothing, its value, that it is 0 by rounding only.
UNKNOWN, KNOWN, NOISE = 0, 1, 2
# NumPy integers where they are passed on: numba compiles a callee anew for each plain literal.
ONE, THREE = np.int64(1), np.int64(3)
# Thresholds closer than this share of the numbers they come from are the same; only small gaps are looked at.
TOUCHING = 1e-14
SMALL = 1e-6


def pay(meter: np.ndarray, price: int) -> bool:
    """Spend operations; false, and nothing spent, if the budget does not allow it."""
    if meter[0] + price > meter[1]:
        return False
    meter[0] += price
    return True


def times(a: float, b: float) -> float:
    """A product, free where a factor is 0, 1 or -1."""
    if a == 0 or b == 0:
        return 0.0
    if abs(a) == 1:
        return b if a > 0 else -b
    if abs(b) == 1:
        return a if b > 0 else -a
    return a * b


def between(a: float, b: float, share: float) -> float:
    """A value on the way from a to b."""
    return a if a == b else a + share * (b - a)


def pair_of(label: int, rival: int) -> int:
    """Index of a pair of logits: 0 against 1, 0 against 2, 1 against 2."""
    return label + rival - 1


def label_above(rays: np.ndarray, a: int, b: int, passed: int, rank: int) -> int:
    """The input of a rank where x_2 exceeds ``passed`` of x_0 and x_1, in the wedge between two rays."""
    if rank == 2 - passed:
        return 2
    larger = 0 if rays[a, 0] > rays[a, 1] or rays[b, 0] > rays[b, 1] else 1
    # among x_0 and x_1 it is the larger one if none but x_2 is before it
    return larger if rank == 0 or (rank == 1 and passed == 2) else 1 - larger


def threshold(ray: int, event: int, rays: np.ndarray, levels: np.ndarray, signs: np.ndarray) -> float:
    """Height in x_2 of a threshold on a ray: of a neuron that reads the input, or of x_0 or x_1."""
    d = signs.shape[0]
    if event >= d:
        return rays[ray, event - d]
    return -levels[ray, event] if signs[event] > 0 else levels[ray, event]


def find_levels(
    ray: int,
    store: tuple[np.ndarray, ...],
    model: tuple[np.ndarray, ...],
    state: np.ndarray,
    meter: np.ndarray,
) -> bool:
    """The last preactivations at x_2 = 0 on a ray, unless they are known; false if the budget stops it."""
    rays, levels, facts = store[0], store[1], store[4]
    signs, hidden, after = model[0], model[1], model[2]
    if facts[ray, 0] == KNOWN:
        return True
    d = signs.shape[0]
    if not pay(meter, 2 * d):
        return False
    if rays[ray, 0] == 0:
        for j in range(d):
            z = rays[ray, 1] if signs[j] > 0 else (-rays[ray, 1] if signs[j] < 0 else 0.0)
            state[j] = z if z > 0 else 0.0
    else:
        state_before(rays[ray, 0], rays[ray, 1], after, signs, state)
    active = 0
    for j in range(d):
        if state[j] != 0:
            active += 1
    if not pay(meter, 2 * d * active):
        return False
    if read_state(hidden, signs, state, levels[ray]):
        facts[ray, 1] = NOISE
    facts[ray, 0] = KNOWN
    for j in range(d):
        store[8][ray, j] = abs(levels[ray, j])
    store[8][ray, d], store[8][ray, d + 1] = abs(rays[ray, 0]), abs(rays[ray, 1])
    return True


def find_margins(
    ray: int,
    event: int,
    pairs: int,
    store: tuple[np.ndarray, ...],
    model: tuple[np.ndarray, ...],
    z: np.ndarray,
    meter: np.ndarray,
) -> bool:
    """Differences of logits at a threshold on a ray, for a set of pairs in bits; false if the budget stops it."""
    rays, levels, margins, largest, known = store[0], store[1], store[2], store[3], store[5]
    signs, weights = model[0], model[3]
    missing = 0
    for pair in range(3):
        if (pairs >> pair) & 1 == 1 and known[ray, event, pair] == UNKNOWN:
            missing += 1
    if missing == 0:
        return True
    d = signs.shape[0]
    t = threshold(ray, event, rays, levels, signs)
    active = 0
    for j in range(d):
        here = levels[ray, j] if signs[j] == 0 else threshold(ray, j, rays, levels, signs)
        on = here > 0 if signs[j] == 0 else (t > here if signs[j] > 0 else t < here)
        if on:
            active += 1
        z[j] = 1.0 if on else 0.0
    if not pay(meter, active + missing * (2 * active if active > 1 else active)):
        return False
    for j in range(d):
        if z[j] != 0:
            if signs[j] == 0:
                z[j] = levels[ray, j]
            elif signs[j] > 0:
                z[j] = t - threshold(ray, j, rays, levels, signs)
            else:
                z[j] = threshold(ray, j, rays, levels, signs) - t
    for j in range(d):
        if abs(z[j]) < SMALL and z[j] != 0 and signs[j] != 0:
            if not pay(meter, ONE):
                return False
            if abs(z[j]) <= TOUCHING * max(store[8][ray, event], store[8][ray, j]):
                z[j] = 0.0
    for pair in range(3):
        if (pairs >> pair) & 1 == 1 and known[ray, event, pair] == UNKNOWN:
            known[ray, event, pair] = combine(weights, pair, z, margins[ray, event], largest[ray, event])
    return True


def combine(weights: np.ndarray, pair: int, z: np.ndarray, margin: np.ndarray, largest: np.ndarray) -> int:
    """Write one difference of logits and its largest term; tell whether it is 0 by rounding only."""
    total, most = 0.0, 0.0
    terms = 0
    for j in range(z.shape[0]):
        if z[j] != 0 and weights[pair, j] != 0:
            term = weights[pair, j] * z[j]
            total = total + term if terms > 0 else term
            terms += 1
            if abs(term) > most:
                most = abs(term)
    margin[pair], largest[pair] = total, most
    if terms > 1 and abs(total) <= ROUNDING * most:
        margin[pair] = 0.0
        return NOISE
    return KNOWN


def new_ray(
    a: int,
    b: int,
    new: int,
    here: int,
    there: int,
    share: float,
    store: tuple[np.ndarray, ...],
    signs: np.ndarray,
    meter: np.ndarray,
) -> bool:
    """Write the ray between two others on which two thresholds cross, or where ``there`` is -1 a neuron vanishes."""
    rays, levels, facts, known, lengths, flat = store[0], store[1], store[4], store[5], store[6], store[7]
    d = signs.shape[0]
    price = 0
    for w in range(2):
        price += 0 if rays[a, w] == rays[b, w] else 3
    for j in range(d):
        price += 0 if levels[a, j] == levels[b, j] else 3
    if not pay(meter, price):
        return False
    known[new, :, :] = UNKNOWN
    lengths[new, :], flat[new] = -1.0, -1.0
    for w in range(2):
        rays[new, w] = between(rays[a, w], rays[b, w], share)
    for j in range(d):
        levels[new, j] = between(levels[a, j], levels[b, j], share)
    for event in range(d + 2):
        store[8][new, event] = max(store[8][a, event], store[8][b, event])
    facts[new, 0] = KNOWN
    facts[new, 1] = max(facts[a, 1], facts[b, 1])
    if there < 0:
        levels[new, here] = 0.0
    elif here < d:
        meeting = threshold(new, there, rays, levels, signs)
        levels[new, here] = -meeting if signs[here] > 0 else meeting
    elif there < d:
        meeting = threshold(new, here, rays, levels, signs)
        levels[new, there] = -meeting if signs[there] > 0 else meeting
    return True


def find_planar(
    ray: int, store: tuple[np.ndarray, ...], planar: np.ndarray, end: int, meter: np.ndarray
) -> bool:
    """The squared length of a ray in the plane of (x_0, x_1); false if the budget stops it."""
    rays, flat = store[0], store[7]
    if flat[ray] < 0:
        if not pay(meter, THREE):
            return False
        flat[ray] = times(rays[ray, 0], rays[ray, 0]) + times(rays[ray, 1], rays[ray, 1])
    planar[end] = flat[ray]
    return True
