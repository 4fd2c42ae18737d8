"""Kernel: the share of the last input on which a network answers rightly, exactly, direction by direction.

With the earlier inputs fixed at a point of length 1 and the last one at t, the answer changes at thresholds of
neurons, where the label changes, and where logits cross between those. With t the cotangent of an angle of a
random direction of inputs, the share below t is (1 + u) / 2 with u = t / sqrt(1 + t^2) for n = 3 (heights on
a sphere are uniform) and u = 2 atan(t) / pi for n = 2.
"""

from math import atan, sqrt

import numpy as np

from heurex.estimators.threshold_kernel import ROUNDING, read_state, rescale, state_before
from heurex.kernels import reals

KERNEL = True

TWO_OVER_PI = 0.6366197723675814
INFINITE = 1e300
NEURON_ON = 1


def height(t: float, n: int) -> float:
    """Twice the share of the last input below t, minus 1."""
    if n == 2:
        return TWO_OVER_PI * atan(t)
    return t / sqrt(1.0 + t * t)


def label_between(first: float, second: float, n: int, passed: int, rank: int) -> int:
    """The input of a rank where the last one exceeds ``passed`` of the earlier ones."""
    if rank == n - 1 - passed:
        return n - 1
    if n == 2:
        return 0
    larger = 0 if first > second else 1
    # among the earlier ones it is the larger if none but the last is before it
    return larger if rank == 0 or (rank == 1 and passed == 2) else 1 - larger


def order_thresholds(where: np.ndarray, count: int, order: np.ndarray) -> None:
    """Indices of the first ``count`` entries, smallest first."""
    for i in range(count):
        j = i
        while j > 0 and where[order[j - 1]] > where[i]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = i


def lines(
    products: np.ndarray, slopes: np.ndarray, on: np.ndarray, changed: int, p: np.ndarray, q: np.ndarray
) -> None:
    """Logits less logit 0 as lines p + q t, after neuron ``changed`` has been switched (-1: none yet).

    Up to two neurons are added up afresh; with more, the one is added or taken off.
    """
    d = on.shape[0]
    active = 0
    for j in range(d):
        active += on[j]
    for i in range(p.shape[0]):
        if active <= 2 or changed < 0:
            level, slope = 0.0, 0.0
            first, steep = True, False
            for j in range(d):
                if on[j] == NEURON_ON:
                    level = products[i, j] if first else level + products[i, j]
                    first = False
                    if slopes[i, j] != 0:
                        slope = slope + slopes[i, j] if steep else slopes[i, j]
                        steep = True
            p[i], q[i] = level, slope
        elif on[changed] == NEURON_ON:
            p[i], q[i] = p[i] + products[i, changed], q[i] + slopes[i, changed]
        else:
            p[i], q[i] = p[i] - products[i, changed], q[i] - slopes[i, changed]


def right_stretch(
    p: np.ndarray,
    q: np.ndarray,
    label: int,
    tie: np.ndarray,
    stretch: np.ndarray,
    flags: np.ndarray,
    sizes: np.ndarray,
) -> bool:
    """Narrow a stretch of t to where the label's logit is the first largest; false if nothing is left.

    ``stretch`` holds both ends. ``tie``: up to here p and q are rounding. ``flags``: 0 out, a tie was decided; 1
    out, one that rounding alone may have made; 2 how many sizes max(|p|, |q|) have been written to ``sizes``.
    """
    for rival in range(p.shape[0] + 1):
        if rival == label:
            continue
        if rival == 0:
            level, slope = p[label - 1], q[label - 1]
        elif label == 0:
            level, slope = -p[rival - 1], -q[rival - 1]
        else:
            level, slope = p[label - 1] - p[rival - 1], q[label - 1] - q[rival - 1]
        if abs(level) <= tie[0] and abs(slope) <= tie[1]:
            flags[0] = 1
            if level != 0 or slope != 0:
                flags[1] = 1
            if rival < label:
                return False
            continue
        sizes[flags[2]] = max(abs(level), abs(slope))
        flags[2] += 1
        if slope == 0:
            if level < 0:
                return False
            continue
        # What signs alone decide costs no division.
        if level >= 0 and ((slope > 0 and stretch[0] >= 0) or (slope < 0 and stretch[1] <= 0)):
            continue
        if level <= 0 and ((slope > 0 and stretch[1] <= 0) or (slope < 0 and stretch[0] >= 0)):
            return False
        root = -level / slope
        if slope > 0 and root > stretch[0]:
            stretch[0] = root
        elif slope < 0 and root < stretch[1]:
            stretch[1] = root
        if stretch[0] >= stretch[1]:
            return False
    return True


def height_at(t: float, first: float, second: float, heights: np.ndarray, n: int) -> float:
    """:func:`height`, looked up where t is an end of the line or one of the earlier inputs."""
    if t <= -INFINITE:
        return -1.0
    if t >= INFINITE:
        return 1.0
    if t == first:
        return heights[0]
    if n == 3 and t == second:
        return heights[1]
    return height(t, n)


def begin_line(
    node: np.ndarray,
    levels: np.ndarray,
    signs: np.ndarray,
    on: np.ndarray,
    where: np.ndarray,
    order: np.ndarray,
) -> int:
    """Thresholds and label changes along a line, and which neurons are on at its beginning."""
    d = signs.shape[0]
    count = 0
    for j in range(d):
        on[j] = 1 if signs[j] < 0 or (signs[j] == 0 and levels[j] > 0) else 0
        if signs[j] > 0:
            where[j] = -levels[j]
        elif signs[j] < 0:
            where[j] = levels[j]
        else:
            where[j] = INFINITE
    where[d] = node[0]
    count = d + 1
    if node.shape[0] == 5:
        where[d + 1] = node[1]
        count = d + 2
    order_thresholds(where, count, order)
    while count > 0 and where[order[count - 1]] >= INFINITE:
        count -= 1
    return count


def line_share(
    node: np.ndarray,
    levels: np.ndarray,
    signs: np.ndarray,
    products: np.ndarray,
    slopes: np.ndarray,
    vague: bool,
    tie: np.ndarray,
    memory: tuple[np.ndarray, ...],
    sizes: np.ndarray,
    rank: int,
) -> tuple[float, float]:
    """Twice the share of t that is answered rightly, and twice the share where the answer hangs on rounding."""
    on, where, order, p, q, stretch, flags = memory
    d = signs.shape[0]
    n = p.shape[0] + 1
    second = node[1] if n == 3 else 0.0
    heights = node[n - 1 :]
    count = begin_line(node, levels, signs, on, where, order)
    lines(products, slopes, on, -1, p, q)
    total, doubtful = 0.0, 0.0
    begun, end = INFINITE, INFINITE
    is_open, is_first = False, True
    passed = 0
    flags[2] = 0
    for piece in range(count + 1):
        low = -INFINITE if piece == 0 else where[order[piece - 1]]
        high = INFINITE if piece == count else where[order[piece]]
        if piece > 0:
            event = order[piece - 1]
            if event < d:
                on[event] = 1 - on[event]
                lines(products, slopes, on, event, p, q)
            else:
                passed += 1
        if not low < high:
            continue
        stretch[0], stretch[1] = low, high
        flags[0], flags[1] = 0, 0
        label = label_between(node[0], second, n, passed, rank)
        right = right_stretch(p, q, label, tie, stretch, flags, sizes)
        if flags[1] == 1 or (flags[0] == 1 and vague):
            doubtful = doubtful + (
                height_at(high, node[0], second, heights, n) - height_at(low, node[0], second, heights, n)
            )
        if not right:
            continue
        if is_open and stretch[0] == end:
            end = stretch[1]
            continue
        if is_open:
            total = close(total, is_first, begun, end, node[0], second, heights, n)
            is_first = False
        begun, end, is_open = stretch[0], stretch[1], True
    if is_open:
        total = close(total, is_first, begun, end, node[0], second, heights, n)
    return total, doubtful


def close(
    total: float,
    is_first: bool,
    begun: float,
    end: float,
    first: float,
    second: float,
    heights: np.ndarray,
    n: int,
) -> float:
    """Add a stretch from ``begun`` to ``end`` to a sum of heights."""
    if begun <= -INFINITE and end >= INFINITE:
        return 2.0
    top = height_at(end, first, second, heights, n)
    if begun <= -INFINITE:
        return top + 1.0
    here = top - height_at(begun, first, second, heights, n)
    return here if is_first else total + here


def directions(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    rank: int,
    nodes: np.ndarray,
    found: np.ndarray,
) -> tuple[float, float]:
    """A weighted sum, over directions of the earlier inputs, of the share of the last that is answered rightly.

    Parameters
    ----------
    w_hi, w_hh, w_oh
        Weights, shapes ``(d,)``, ``(d, d)``, ``(n, d)`` with n = 2 or 3.
    rank
        Rank of the input that is asked for; the largest has rank 0.
    nodes
        One row a direction: the earlier inputs (1 for n = 2, 2 for n = 3, of length 1 together), the
        :func:`height` of each, and half the direction's weight.
    found
        In and out, ``(directions, 1 + (d + 3) (n - 1))``: twice the share of right answers in each direction, then
        max(|p|, |q|) for each difference p + q t of logits that was met there, and what stood there before.

    Returns
    -------
    The sum, and the part of it that hangs on rounding.
    """
    d = w_hi.shape[0]
    n = w_oh.shape[0]
    signs = np.zeros(d, np.int64)
    hidden, after = reals(d, d), reals(2, d)
    rounded = rescale(w_hi, w_hh, signs, hidden, after)
    margins, products, slopes = reals(n - 1, d), reals(n - 1, d), reals(n - 1, d)
    for i in range(n - 1):
        for j in range(d):
            weight = w_oh[i + 1, j] - w_oh[0, j] if w_oh[i + 1, j] != w_oh[0, j] else 0.0
            if signs[j] != 0 and weight != 0:
                weight = weight * abs(w_hi[j])
            margins[i, j] = weight
            slopes[i, j] = weight if signs[j] > 0 else (-weight if signs[j] < 0 else 0.0)
    state, levels, tie = reals(d), reals(d), reals(2)
    memory = (
        np.zeros(d, np.int64), reals(d + 2), np.zeros(d + 2, np.int64), reals(n - 1), reals(n - 1), reals(2),
        np.zeros(3, np.int64),
    )  # fmt: skip
    tie[1] = largest_rounding(slopes)
    value, doubt = 0.0, 0.0
    for k in range(nodes.shape[0]):
        node = nodes[k]
        if n == 3:
            state_before(node[0], node[1], after, signs, state)
            vague = read_state(hidden, signs, state, levels) or rounded
        else:
            vague = rounded
            for j in range(d):
                levels[j] = after[0, j] if node[0] > 0 else after[1, j]
        for i in range(n - 1):
            for j in range(d):
                products[i, j] = margins[i, j] * levels[j] if margins[i, j] != 0 and levels[j] != 0 else 0.0
        tie[0] = largest_rounding(products)
        total, doubtful = line_share(
            node, levels, signs, products, slopes, vague, tie, memory, found[k, 1:], rank
        )
        weighted = node[2 * n - 2] * total
        value = value + weighted if k > 0 else weighted
        if doubtful > 0:
            doubt = doubt + node[2 * n - 2] * doubtful
        found[k, 0] = total
    return value, doubt


def largest_rounding(terms: np.ndarray) -> float:
    """What may be left by rounding where such terms are added up."""
    largest = 0.0
    for i in range(terms.shape[0]):
        for j in range(terms.shape[1]):
            if abs(terms[i, j]) > largest:
                largest = abs(terms[i, j])
    return ROUNDING * largest if largest > 0 else 0.0


def directions_batch(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    rank: int,
    nodes: np.ndarray,
    values: np.ndarray,
    doubts: np.ndarray,
    slack: np.ndarray,
) -> None:
    """:func:`directions` for each of a stack of models; ``slack`` gets the weighted sum of 1 / size."""
    n = w_oh.shape[1]
    found = reals(nodes.shape[0], 1 + (w_hi.shape[1] + 3) * (n - 1))
    for b in range(w_hi.shape[0]):
        found[:, :] = INFINITE
        values[b], doubts[b] = directions(w_hi[b], w_hh[b], w_oh[b], rank, nodes, found)
        slack[b] = 0.0
        for k in range(nodes.shape[0]):
            for i in range(1, found.shape[1]):
                slack[b] += 2.0 * nodes[k, nodes.shape[1] - 1] / found[k, i]
