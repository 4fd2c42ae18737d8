"""Kernel: one strip between two rays of the (x_0, x_1) plane, cut into faces by the zeros of the last step's neurons.

On each ray a neuron of the last step vanishes at one x_2, and between two neighbouring rays that zero is a line. The
strip is swept from one ray to the other; where two lines cross, the face between them ends and another begins. All
logits are linear on a face, so its corners tell where the answer changes on its edges; these places are joined by
borders inside the face (:mod:`heurex.estimators.exact_arcs_kernel`). Edges are shared: what is found on one is used on
both sides.

Logits that tie count as if the first were larger by a hair. A whole face that ties needs no other care: the border of
its answer then runs along its edges, through corners at which the leads are exactly 0.

Arrays of a ray (first index: its slot): ``zeros`` (slots, lines), where each line's neuron vanishes; ``still``
(slots, d), values of neurons that do not read x_2; ``order`` (slots, lines), lines from the lowest up; ``scales``
(slots,), size of the largest term; ``cuts`` (slots, lines + 1, 7), how many changes of the answer each edge along the
ray has, and for each its point, the answer below and the answer above. The points of slot s begin at ``s * stride``:
its lines in order, its two poles, its changes.
"""

import numpy as np

from heurex.estimators.exact_arcs_kernel import (
    ANSWER,
    BITS,
    DOUBT,
    END,
    FLAT,
    FREE,
    KNOWN,
    LEAD_1,
    LEAD_2,
    MOVED,
    NOISE,
    OTHER,
    POLE,
    SHARE,
    SQUARE,
    TROUBLE,
    X,
    Y,
    add_border,
    cross,
)

KERNEL = True

# A lead below this share of its largest term is rounding, not a value.
ROUNDING = 2e-15
# Bits of a corner: leads (1 over 0, 2 over 0, 2 over 1) that are not 0; those that are 0 by rounding.
CLEAR_1, CLEAR_2, CLEAR_12, ROUNDED_1, ROUNDED_2, ROUNDED_12 = 1, 2, 4, 8, 16, 32
# A face has at most four changes of the answer on its edges.
CHANGES = 8


def judge(
    points: np.ndarray, marks: np.ndarray, v: int, leads: np.ndarray, active: int, listed: int,
    on: np.ndarray, z: np.ndarray, loud: np.ndarray, tiny: float, bound: bool,
) -> None:  # fmt: skip
    """The leads of logits 1 and 2 over logit 0 at a point, and its answer, from the neurons that are on there.

    ``on`` holds the neurons and ``z`` their preactivations, ``loud`` the errors of these; those from ``listed`` on are
    taken for zero. A lead is rounding below ``tiny`` times its largest weight.
    """
    first, second, largest, other = 0.0, 0.0, 0.0, 0.0
    terms, others, apart = 0, 0, 0
    for n in range(active):
        i, size = on[n], z[n]
        one, two = leads[0, i], leads[1, i]
        if one != 0:
            term = one * size if size != 1 else one
            first = first + term if terms > 0 else term
            terms += 1
            largest = max(largest, abs(one))
        if two != 0:
            term = two * size if size != 1 else two
            second = second + term if others > 0 else term
            others += 1
            other = max(other, abs(two))
        if one != two:
            apart += 1
    bits = 0
    if terms > 1 and abs(first) <= tiny * largest:
        first = 0.0
        bits += ROUNDED_1 if second <= 0 else 0
    elif first != 0:
        bits += CLEAR_1
    if others > 1 and abs(second) <= tiny * other:
        second = 0.0
        bits += ROUNDED_2 if first <= 0 else 0
    elif second != 0:
        bits += CLEAR_2
    if first > 0 or second > 0:
        if apart > 1 and first > 0 and second > 0 and abs(first - second) <= tiny * max(largest, other):
            second = first
            bits += ROUNDED_12
        elif first != second:
            bits += CLEAR_12
        elif apart > 0:
            bits += ROUNDED_12
    points[v, LEAD_1], points[v, LEAD_2] = first, second
    answer = 1 if first > 0 else 0
    if second > 0 and second > first:
        answer = 2
    marks[v, ANSWER] = answer
    marks[v, BITS] = bits
    if bound:
        noise = 0.0
        for n in range(on.shape[0]):
            if n < active or n >= listed:
                one, two = leads[0, on[n]], leads[1, on[n]]
                error = loud[n] if n < active else loud[n] + z[n]
                noise = noise + max(abs(one), abs(two), abs(one - two)) * error
        points[v, NOISE] = noise


def lead(points: np.ndarray, v: int, i: int, j: int) -> float:
    """Logit i minus logit j at a corner."""
    if i == 0:
        return -points[v, LEAD_1] if j == 1 else -points[v, LEAD_2]
    if j == 0:
        return points[v, LEAD_1] if i == 1 else points[v, LEAD_2]
    if i == 1:
        return points[v, LEAD_1] - points[v, LEAD_2]
    return points[v, LEAD_2] - points[v, LEAD_1]


def changes(
    points: np.ndarray, marks: np.ndarray, count: np.ndarray, a: int, b: int, bound: bool,
    cuts: np.ndarray, row: int,
) -> None:  # fmt: skip
    """Where the answer, other at a than at b, changes on the edge between them: number; point, from, to for each."""
    i, j = marks[a, ANSWER], marks[b, ANSWER]
    k = 3 - i - j
    if lead_sign(points, b, k, i) > 0 and lead_sign(points, a, k, j) > 0:
        a_ki, b_ki = lead(points, a, k, i), lead(points, b, k, i)
        a_kj, b_kj = lead(points, a, k, j), lead(points, b, k, j)
        # the third logit leads in between if it passes the first before the second passes it
        if a_ki * b_kj < a_kj * b_ki:
            cuts[row, 0] = 2
            cuts[row, 1] = cross(points, marks, count, a, b, a_ki, b_ki, bound)
            cuts[row, 2], cuts[row, 3] = i, k
            cuts[row, 4] = cross(points, marks, count, a, b, a_kj, b_kj, bound)
            cuts[row, 5], cuts[row, 6] = k, j
            return
    cuts[row, 0] = 1
    cuts[row, 1] = cross(points, marks, count, a, b, lead(points, a, i, j), lead(points, b, i, j), bound)
    cuts[row, 2], cuts[row, 3] = i, j


def lead_sign(points: np.ndarray, v: int, i: int, j: int) -> int:
    """Sign of logit i minus logit j at a corner, without arithmetic."""
    first = points[v, LEAD_1] if i == 1 else (points[v, LEAD_2] if i == 2 else 0.0)
    second = points[v, LEAD_1] if j == 1 else (points[v, LEAD_2] if j == 2 else 0.0)
    return 1 if first > second else (-1 if first < second else 0)


def add_changes(
    cuts: np.ndarray, row: int, up: bool, face: int, found: np.ndarray, counts: np.ndarray, count: np.ndarray
) -> None:
    """Enter the changes on an edge in a face's list, in the sense in which the face is on the left."""
    for k in range(cuts[row, 0]):
        at = counts[face]
        if at == CHANGES:
            count[TROUBLE] = 1
            return
        found[face, at, 0] = cuts[row, 1 + 3 * k]
        found[face, at, 1] = cuts[row, 2 + 3 * k] if up else cuts[row, 3 + 3 * k]
        found[face, at, 2] = cuts[row, 3 + 3 * k] if up else cuts[row, 2 + 3 * k]
        counts[face] = at + 1


def gap(points: np.ndarray, marks: np.ndarray, v: int, i: int, k: int, is_corner: bool) -> float:
    """Logit i minus logit k at a change, by the corners at the ends of its edge."""
    if is_corner:
        return lead(points, v, i, k)
    a, b, share = marks[v, END], marks[v, OTHER], points[v, SHARE]
    at_a, at_b = lead(points, a, i, k), lead(points, b, i, k)
    if marks[b, POLE] != 0 or marks[a, FLAT] != marks[b, FLAT]:
        return at_a + share * at_b
    return at_a + share * (at_b - at_a)


def triple(
    points: np.ndarray, marks: np.ndarray, count: np.ndarray, found: np.ndarray, face: int,
    rest: np.ndarray,
) -> int:  # fmt: skip
    """The point inside a face where three borders meet, from the three changes on its edges."""
    x, y, whole = 0.0, 0.0, 0.0
    for n in range(3):
        v, i, j = found[face, rest[n], 0], found[face, rest[n], 1], found[face, rest[n], 2]
        for m in range(n):
            if found[face, rest[m], 0] == v:
                return v
        by = gap(points, marks, v, i, 3 - i - j, marks[v, END] < 0)
        if by <= 0:
            return v
        weight = 1 / by
        if marks[v, POLE] != 0:
            y = y + weight if marks[v, POLE] > 0 else y - weight
            continue
        x = x + weight * points[v, X]
        y = y + weight * points[v, Y]
        if marks[v, FLAT] == 0:
            whole = whole + weight
    if whole == 0:
        # all three on one ray: the face has no area
        return found[face, rest[0], 0]
    new = count[FREE]
    count[FREE] = new + 1
    marks[new, FLAT] = 0
    marks[new, POLE] = 0
    marks[new, KNOWN] = 0
    points[new, SQUARE] = 0.0
    points[new, MOVED] = 0.0
    points[new, X] = x / whole
    points[new, Y] = y / whole
    return new


def finish(
    points: np.ndarray, marks: np.ndarray, total: np.ndarray, count: np.ndarray, face: int,
    found: np.ndarray, counts: np.ndarray, bits: np.ndarray, rest: np.ndarray, bound: bool,
) -> None:  # fmt: skip
    """Join the changes of the answer around a face by borders inside it."""
    if (bits[face] >> 3) & ~bits[face] & 7 != 0:
        count[DOUBT] = 1
    n = counts[face]
    left = 0
    for p in range(n):
        if found[face, p, 1] < 0:
            continue
        i, j = found[face, p, 1], found[face, p, 2]
        match = -1
        for q in range(p + 1, n):
            if found[face, q, 1] == j and found[face, q, 2] == i:
                match = q
                break
        if match < 0:
            if left < 3:
                rest[left] = p
            left += 1
            continue
        found[face, match, 1] = -1
        a, b = found[face, p, 0], found[face, match, 0]
        add_border(points, marks, total, count, a, b, i, j, bound)
    if left == 3:
        centre = triple(points, marks, count, found, face, rest)
        for m in range(3):
            a, i, j = found[face, rest[m], 0], found[face, rest[m], 1], found[face, rest[m], 2]
            add_border(points, marks, total, count, a, centre, i, j, bound)
    elif left != 0:
        count[TROUBLE] = 1
