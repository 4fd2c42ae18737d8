"""Kernel: all cells of a wedge, from crossing to crossing of thresholds.

Used by :mod:`heurex.estimators.anytime_kernel`. ``chains`` holds the corners of cells that are not closed: 0 along
their lower thresholds, 1 along their upper ones, ``(cells, corners, 2)``, and 2 how many, ``(2, cells)``.
"""

import numpy as np

from heurex.estimators.anytime_cells_kernel import close_cell
from heurex.estimators.anytime_rays_kernel import find_planar, new_ray, pay, threshold

KERNEL = True

# NumPy integers where they are passed on: numba compiles a callee anew for each plain literal.
FOUR = np.int64(4)
LOWER, UPPER = np.int64(0), np.int64(1)
AXIS_RAY, AXIS_UP, AXIS_DOWN, BOTTOM = np.int64(-1), np.int64(0), np.int64(1), np.int64(0)


def order_events(
    here: int, other: int, rays: np.ndarray, levels: np.ndarray, signs: np.ndarray, order: np.ndarray
) -> int:
    """Thresholds by their height on one ray, equal ones by that on another; return how many there are."""
    d = signs.shape[0]
    count = 0
    for event in range(d + 2):
        if event < d and signs[event] == 0:
            continue
        at = count
        low, high = threshold(here, event, rays, levels, signs), threshold(other, event, rays, levels, signs)
        while at > 0:
            before = threshold(here, order[at - 1], rays, levels, signs)
            if before < low or (
                before == low and threshold(other, order[at - 1], rays, levels, signs) <= high
            ):
                break
            order[at] = order[at - 1]
            at -= 1
        order[at] = event
        count += 1
    return count


def append(chain: np.ndarray, sizes: np.ndarray, which: int, piece: int, ray: int, event: int) -> None:
    """One more corner for a chain of corners."""
    at = sizes[which, piece]
    chain[piece, at, 0], chain[piece, at, 1] = ray, event
    sizes[which, piece] = at + 1


def next_crossing(
    count: int,
    a: int,
    b: int,
    crossed: np.ndarray,
    store: tuple[np.ndarray, ...],
    signs: np.ndarray,
    scratch: tuple[np.ndarray, ...],
    meter: np.ndarray,
) -> int:
    """Position of the neighbours that change places next on the way from ray a to ray b.

    -1 if there are none, -2 if the budget stops it. ``crossed`` keeps the shares of the way.
    """
    rays, levels = store[0], store[1]
    order, rank = scratch[9], scratch[12]
    nearest = -1
    for i in range(count - 1):
        here, there = order[i], order[i + 1]
        if rank[here] < rank[there]:
            continue
        if crossed[here, there] < 0:
            if not pay(meter, FOUR):
                return -2
            gap_a = threshold(a, there, rays, levels, signs) - threshold(a, here, rays, levels, signs)
            gap_b = threshold(b, here, rays, levels, signs) - threshold(b, there, rays, levels, signs)
            crossed[here, there] = gap_a / (gap_a + gap_b)
        if nearest < 0 or crossed[here, there] < crossed[order[nearest], order[nearest + 1]]:
            nearest = i
    return nearest


def sweep(
    a: int,
    b: int,
    used: int,
    store: tuple[np.ndarray, ...],
    model: tuple[np.ndarray, ...],
    scratch: tuple[np.ndarray, ...],
    chains: tuple[np.ndarray, ...],
    out: np.ndarray,
    meter: np.ndarray,
) -> bool:
    """Shares of space answered wrongly and left undecided in the wedge between two rays; false if stopped.

    ``out``: 0 wrong, 1 undecided; 2 the sum over cells that are clipped of their extent by their largest margin.
    Rows from ``used`` on are free for crossings.
    """
    rays, levels = store[0], store[1]
    signs, order, rank, crossed, planar = model[0], scratch[9], scratch[12], scratch[13], scratch[8]
    lower, upper, sizes = chains
    out[0], out[1], out[2] = 0.0, 0.0, 0.0
    count = order_events(b, a, rays, levels, signs, order)
    for i in range(count):
        rank[order[i]] = i
    order_events(a, b, rays, levels, signs, order)
    crossed[:, :] = -1.0
    sizes[:, :] = 0
    if not find_planar(a, store, planar, LOWER, meter) or not find_planar(b, store, planar, UPPER, meter):
        return False
    append(lower, sizes, LOWER, BOTTOM, AXIS_RAY, AXIS_DOWN)
    append(upper, sizes, UPPER, count, AXIS_RAY, AXIS_UP)
    for i in range(count):
        append(upper, sizes, UPPER, i, a, order[i])
        append(lower, sizes, LOWER, i + 1, a, order[i])
    while True:
        i = next_crossing(count, a, b, crossed, store, signs, scratch, meter)
        if i == -2:
            return False
        if i < 0:
            break
        here, there = order[i], order[i + 1]
        if not new_ray(a, b, used, here, there, crossed[here, there], store, signs, meter):
            return False
        append(lower, sizes, LOWER, i + 1, used, here)
        if not close_cell(i + 1, a, b, chains, store, model, scratch, out, meter):
            return False
        sizes[0, i + 1], sizes[1, i + 1] = 0, 0
        append(upper, sizes, UPPER, i, used, here)
        append(lower, sizes, LOWER, i + 1, used, here)
        append(upper, sizes, UPPER, i + 1, used, here)
        append(lower, sizes, LOWER, i + 2, used, here)
        order[i], order[i + 1] = there, here
        used += 1
    for i in range(count):
        append(upper, sizes, UPPER, i, b, order[i])
        append(lower, sizes, LOWER, i + 1, b, order[i])
    for i in range(count + 1):
        if not close_cell(i, a, b, chains, store, model, scratch, out, meter):
            return False
    return True
