"""Kernel: how much of R^4 a network of four inputs answers rightly, exactly.

The walk is that of :mod:`heurex.estimators.regions_kernel` one dimension up: depth first, take a cone, read the next
preactivation at its rays, cut where it vanishes, go on with both parts; after the last step cut by the logits and
measure what is left. A cone holds its rays, which facets each lies on, the inward normals of its facets, and the
preactivations of the present step as linear functions of the input, from which their values at the rays are read
once a step; a cut interpolates them.

Measured either way:

``whole``
    every cell and its right part by all their facets, so that the cells are seen to add up to 1;
otherwise
    right parts only, without the facets that two right parts share: the fluxes through a wall between two regions
    cancel, since the logits are continuous across it, unless two logits tie all over it.

Columns of a ray: 0..3 the input x, then d preactivations, or one margin.
"""

from math import atan2, pi, sqrt

import numpy as np

from heurex.cones.corners import side
from heurex.cones.polytope4 import ADDED, ONCE, SCALED, SHARED, WHOLE, fraction, real_facets, split, tally
from heurex.kernels import reals

KERNEL = True

# A sum is taken for zero when it is below this share of its largest term: rounding, not a value.
ROUNDING = 1e-15
# A ray nearer to a hyperplane than this angle lies in it. Interpolation leaves some 1e-16 where a value is zero.
TOUCH = 1e-14
# NumPy integers where they are passed on: numba compiles a callee anew for each plain literal.
RAY = np.int64(4)
MARGIN_WIDTH = np.int64(5)
BOTTOM = np.int64(0)
CORNERS = np.int64(4)
ALL = np.int64(-1)
BOTH = np.bool_(True)
UPPER = np.bool_(False)
UNIT = 1.2e-16
# Costs as in the cones' kernel.
SQUARES = np.array([1, 1, 1, 0, 0])
ROOT = np.array([0, 0, 0, 1, 0])
CHORD = np.array([9, 4, 0, 1, 0])
AREA = np.array([1, 2, 0, 0, 0])
# A polygon's area is below the square of its boundary over 2 pi; a fraction is that of the whole sphere.
AREAS = 2.0 * pi * WHOLE
# Behind the five counters of operations: rays that were put into a hyperplane, cells, right parts, and
SNAPPED = 5
CELLS = 6
PARTS = 7
# cells or parts whose faces do not fit together.
MISFITS = 8
COUNTERS = 9


def facet_capacity(hidden_size: int, seq_len: int, walls: int) -> int:
    """No cell has more facets: those that it begins with, and each cut adds one."""
    return walls + hidden_size * (seq_len - 1) + seq_len


def ray_capacity(hidden_size: int, seq_len: int, walls: int) -> int:
    """No cell has more rays: a polyhedron of f faces has at most 2 f - 4 corners. (Four to spare.)"""
    return 2 * facet_capacity(hidden_size, seq_len, walls)


def stack_depth(hidden_size: int, seq_len: int) -> int:
    """No more cells than this wait at a time: one for each cut on the way down, and the present one."""
    return 2 + hidden_size * (seq_len - 1)


def begin(
    w_hi: np.ndarray, start: np.ndarray, marks: np.ndarray, size: np.ndarray, walls: np.ndarray, rays: np.ndarray,
    masks: np.ndarray, normals: np.ndarray, linear: np.ndarray, state: np.ndarray, pattern: np.ndarray,
) -> None:  # fmt: skip
    """First step: a cone on which x_0 has one sign, with z_1 as a linear function."""
    d = w_hi.shape[0]
    for c in range(CORNERS):
        for i in range(size[0]):
            rays[i, c] = start[i, c]
            masks[i] = marks[i]
        for f in range(size[1]):
            normals[f, c] = walls[f, c]
    for j in range(d):
        on = w_hi[j] > 0 if walls[0, 0] > 0 else w_hi[j] < 0
        pattern[0, j] = 1 if on else 0
        linear[j, 0] = w_hi[j]
    state[0], state[1], state[2], state[3], state[4] = size[0], 0, d, size[1], 0


def combine(
    weights: np.ndarray, on: np.ndarray, count: int, linear: np.ndarray, columns: int, out: np.ndarray, ops: np.ndarray
) -> tuple[float, bool]:
    """Sum of ``count`` linear functions, the rows ``on`` of ``linear``, with weights, to the vector ``out``.

    Returns its largest coefficient and whether any coefficient vanishes by rounding only.
    """
    size, rounded = 0.0, False
    if count == 0:
        for c in range(columns):
            out[c] = 0.0
    else:
        tally(ops, ADDED, columns * (count - 1))
        tally(ops, SCALED, columns * (count + 1))
    for c in range(columns if count > 0 else 0):
        total, largest = 0.0, 0.0
        for i in range(count):
            term = weights[on[i]] * linear[on[i], c]
            total = term if i == 0 else total + term
            largest = abs(term) if i == 0 else max(largest, abs(term))
        if abs(total) <= ROUNDING * largest:
            rounded = rounded or largest > 0
            total = 0.0
        out[c] = total
        size = max(size, abs(total))
    return size, rounded


def evaluate(
    rays: np.ndarray, m: int, function: np.ndarray, columns: int, floor: float, column: int, ops: np.ndarray
) -> None:
    """Values of a linear function at the rays, to a column; 0 for rays within rounding of its hyperplane."""
    tally(ops, ADDED, m * (columns - 1))
    tally(ops, SCALED, m * columns)
    for i in range(m):
        value = rays[i, 0] * function[0]
        for c in range(1, columns):
            value = value + rays[i, c] * function[c]
        if abs(value) <= floor:
            if value != 0:
                ops[SNAPPED] += 1
            value = 0.0
        rays[i, column] = value


def preactivations(
    rays: np.ndarray, m: int, step: int, w_hi: np.ndarray, w_hh: np.ndarray, on: np.ndarray, count: int,
    linear: np.ndarray, fresh: np.ndarray, floors: np.ndarray, ops: np.ndarray,
) -> bool:  # fmt: skip
    """The preactivations of a step as linear functions and at all rays; true if one vanishes by rounding only.

    ``linear`` holds those of the step before, of which ``count`` neurons, listed in ``on``, pass theirs on. It is
    replaced; ``fresh`` is scratch.
    """
    d = w_hi.shape[0]
    vague = False
    tally(ops, SCALED, d)
    for j in range(d):
        size, rounded = combine(w_hh[j], on, count, linear, step, fresh[j], ops)
        fresh[j, step] = w_hi[j]
        size = max(size, abs(w_hi[j]))
        vague = vague or (rounded and size == 0)
        floors[j] = TOUCH * size
    for j in range(d):
        for c in range(step + 1):
            linear[j, c] = fresh[j, c]
        evaluate(rays, m, linear[j], step + 1, floors[j], RAY + j, ops)
    return vague


def active(pattern: np.ndarray, on: np.ndarray) -> int:
    """List the neurons that are on in a pattern of one step."""
    count = 0
    for j in range(pattern.shape[0]):
        if pattern[j] == 1:
            on[count] = j
            count += 1
    return count


def set_normal(normals: np.ndarray, f: int, function: np.ndarray, columns: int, ops: np.ndarray) -> float:
    """A facet's normal from the linear function that is positive inside; returns the function's size."""
    total = 0.0
    for c in range(columns):
        total += function[c] * function[c]
    length = sqrt(total)
    tally(ops, SQUARES, columns)
    tally(ops, ROOT, ONCE)
    for c in range(CORNERS):
        normals[f, c] = function[c] / length if c < columns else 0.0
    return length


def cut_neuron(
    top: int, rays: np.ndarray, masks: np.ndarray, normals: np.ndarray, linear: np.ndarray, floors: np.ndarray,
    state: np.ndarray, pattern: np.ndarray, one: np.ndarray, one_masks: np.ndarray, two: np.ndarray,
    two_masks: np.ndarray, ops: np.ndarray,
) -> int:  # fmt: skip
    """Cut the cell on top of the stack by its next neuron; return where the top of the stack is now.

    ``state`` holds for each cell its number of rays, its step, its next neuron, its number of facets, and 1 if a
    preactivation vanishes throughout it by rounding only.
    """
    m, step, neuron, facets = state[top, 0], state[top, 1], state[top, 2], state[top, 3]
    d = pattern.shape[2]
    state[top, 2] = neuron + 1
    column = RAY + neuron
    s = side(rays[top], m, column)
    pattern[top, step, neuron] = 1 if s == 1 else 0
    if s != 2:
        return top
    bit = masks[top, 0] & 0 | 1 << facets
    width = RAY + d
    above, below = split(
        rays[top], masks[top], m, column, width, bit, floors[top], one, one_masks, two, two_masks, BOTH, ops
    )
    for i in range(above):
        for w in range(width):
            rays[top + 1, i, w] = one[i, w]
        masks[top + 1, i] = one_masks[i]
    for i in range(below):
        for w in range(width):
            rays[top, i, w] = two[i, w]
        masks[top, i] = two_masks[i]
    set_normal(normals[top], facets, linear[top, neuron], step + 1, ops)
    for f in range(facets + 1):
        for c in range(CORNERS):
            normals[top + 1, f, c] = normals[top, f, c]
    for c in range(CORNERS):
        normals[top, facets, c] = -normals[top, facets, c]
    for j in range(d):
        floors[top + 1, j] = floors[top, j]
        for c in range(step + 1):
            linear[top + 1, j, c] = linear[top, j, c]
        for t in range(step + 1):
            pattern[top + 1, t, j] = pattern[top, t, j]
    for k in range(5):
        state[top + 1, k] = state[top, k]
    state[top + 1, 0], state[top, 0] = above, below
    state[top + 1, 3], state[top, 3] = facets + 1, facets + 1
    pattern[top + 1, step, neuron] = 1
    return top + 1


def tied_facets(part: np.ndarray, masks: np.ndarray, m: int) -> int:
    """The bits of the facets on all of whose rays a margin vanishes, and of those without rays."""
    free = masks[0] & 0
    for i in range(m):
        if part[i, RAY] != 0:
            free |= masks[i]
    return ~free


def rim(f: int, rows: np.ndarray, edges: np.ndarray, count: int, ops: np.ndarray) -> float:
    """No less than the length of a facet's boundary on the sphere."""
    total = 0.0
    for k in range(count):
        if edges[k, 2] >> f & 1:
            square = 0.0
            for w in range(CORNERS):
                step = rows[edges[k, 0], w] - rows[edges[k, 1], w]
                square += step * step
            total += sqrt(square)
            tally(ops, CHORD, ONCE)
    tally(ops, SCALED, ONCE)
    return 0.5 * pi * total


def right_part(
    m: int, facets: int, normals: np.ndarray, lead: np.ndarray, reach: np.ndarray, label: int, on: np.ndarray,
    count: int, linear: np.ndarray, function: np.ndarray, shifts: np.ndarray, one: np.ndarray, one_masks: np.ndarray,
    two: np.ndarray, two_masks: np.ndarray, floors: np.ndarray, ops: np.ndarray,
) -> tuple[int, int, bool, bool, int]:  # fmt: skip
    """The part of a cell, given in ``one``, where the label's logit is the first largest one.

    ``lead`` and ``reach`` are the label's rows of margins by rival: their weights, and what rounding may do to them.
    Each cut adds a normal behind the first ``facets`` and, to ``shifts``, the angle by which it may be displaced.

    Returns its number of rays, its number of facets, whether it stands in ``two``, whether a tie was decided that
    rounding alone produced, and the bits of facets on which some margin vanishes.
    """
    doubtful, second = False, False
    tied = one_masks[0] & 0
    for rival in range(lead.shape[0]):
        if rival == label:
            continue
        part, masks = (two, two_masks) if second else (one, one_masks)
        size, rounded = combine(lead[rival], on, count, linear, CORNERS, function, ops)
        if size == 0:
            doubtful = doubtful or rounded
            tied = ~(tied & 0)
            if rival < label:
                return 0, facets, second, doubtful, tied
            continue
        tally(ops, SCALED, ONCE)
        evaluate(part, m, function, CORNERS, TOUCH * size, RAY, ops)
        tied |= tied_facets(part, masks, m)
        s = side(part, m, RAY)
        if s == -1 or (s == 0 and rival < label):
            return 0, facets, second, doubtful, tied
        if s == 2:
            other, other_masks = (one, one_masks) if second else (two, two_masks)
            bit = masks[0] & 0 | 1 << facets
            m, _ = split(
                part, masks, m, RAY, MARGIN_WIDTH, bit, floors, other, other_masks, other, other_masks, UPPER, ops
            )
            second = not second
            length = set_normal(normals, facets, function, CORNERS, ops)
            shifts[facets] = reach[rival] / length
            tally(ops, SHARED, ONCE)
            facets += 1
    return m, facets, second, doubtful, tied


def cap(rays: np.ndarray, m: int, ops: np.ndarray) -> float:
    """No less than the fraction of a cone: that of a cap about the mean of its rays."""
    mean = reals(CORNERS)
    for c in range(CORNERS):
        mean[c] = 0.0
    smallest = 1.0
    for again in range(2):
        for i in range(m):
            dot, square, own = 0.0, 0.0, 0.0
            for c in range(CORNERS):
                dot += mean[c] * rays[i, c]
                square += rays[i, c] * rays[i, c]
                own += mean[c] * mean[c]
            if again == 0:
                for c in range(CORNERS):
                    mean[c] = mean[c] + rays[i, c] / sqrt(square)
            elif own > 0.0:
                smallest = min(smallest, dot / sqrt(square * own))
    if smallest <= 0.0:
        return 1.0
    sine = sqrt(1.0 - smallest * smallest) + 1e-7
    return (atan2(sine, smallest) - sine * smallest) / pi + 1e-14


def reaches(w_hi: np.ndarray, w_hh: np.ndarray, lead: np.ndarray, out: np.ndarray, ops: np.ndarray) -> None:
    """What rounding may do to each margin on rays of length one: a share of the sum of all terms, all taken positive."""
    n, d = lead.shape[0], w_hi.shape[0]
    state, fresh = reals(d), reals(d)
    for j in range(d):
        state[j] = abs(w_hi[j])
    for _ in range(n - 1):
        for j in range(d):
            fresh[j] = abs(w_hi[j])
            for k in range(d):
                fresh[j] = fresh[j] + abs(w_hh[j, k]) * state[k]
        for j in range(d):
            state[j] = fresh[j]
    share = n * (d + 2) * UNIT
    for label in range(n):
        for rival in range(n):
            out[label, rival] = 0.0
            for j in range(d):
                out[label, rival] = out[label, rival] + abs(lead[label, rival, j]) * state[j]
            out[label, rival] = share * out[label, rival]
    tally(ops, ADDED, (n - 1) * d * d + n * n * d)
    tally(ops, SCALED, (n - 1) * d * d + n * n * (d + 1))


def measure(
    top: int, rays: np.ndarray, masks: np.ndarray, normals: np.ndarray, linear: np.ndarray, state: np.ndarray,
    on: np.ndarray, count: int, lead: np.ndarray, reach: np.ndarray, label: int, whole: bool,
    first: int, one: np.ndarray, one_masks: np.ndarray, two: np.ndarray, two_masks: np.ndarray, edges: np.ndarray,
    scratch: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray], floors: np.ndarray,
    ops: np.ndarray, out: np.ndarray,
) -> None:  # fmt: skip
    """A finished cell: its fraction (where asked for or in doubt), the right one, and bounds on its errors."""
    function, shifts, rows, basis, ends = scratch
    m, facets = state[top, 0], state[top, 3]
    ops[CELLS] += 1
    out[0], out[1], out[2], out[3], out[4] = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(m):
        for c in range(CORNERS):
            one[i, c] = rays[top, i, c]
        one_masks[i] = masks[top, i]
    kept, sides, second, doubtful, tied = right_part(
        m, facets, normals[top], lead, reach, label, on, count, linear[top], function, shifts,
        one, one_masks, two, two_masks, floors, ops,
    )  # fmt: skip
    doubtful = doubtful or state[top, 4] == 1
    if whole or doubtful:
        out[0], found = fraction(rays[top], masks[top], m, normals[top], facets, ALL, edges, rows, basis, ends, ops)
        if found < 0:
            ops[MISFITS] += 1
            out[4] = cap(rays[top], m, ops)
        if doubtful:
            out[2] = out[0] + out[4]
    if kept == 0:
        return
    ops[PARTS] += 1
    if whole and sides == facets:
        out[1] = out[0]
        return
    wanted = ALL
    if not whole:
        wanted = (ONCE << first) - 1 | tied
        for f in range(facets, sides):
            wanted |= 1 << f
    part, part_masks = (two, two_masks) if second else (one, one_masks)
    out[1], found = fraction(part, part_masks, kept, normals[top], sides, wanted, edges, rows, basis, ends, ops)
    if found < 0:
        ops[MISFITS] += 1
        out[4] = cap(rays[top], m, ops)
        return
    for f in range(facets, sides):
        length = rim(f, rows, edges, found, ops)
        out[3] = out[3] + shifts[f] * length * length
        tally(ops, AREA, ONCE)
    if sides > facets:
        out[3] = out[3] / AREAS
        tally(ops, SHARED, ONCE)


def walk(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, starts: np.ndarray, marks: np.ndarray,
    sizes: np.ndarray, walls: np.ndarray, labels: np.ndarray, whole: bool, measures: np.ndarray, sink_index: np.ndarray, sink_pattern: np.ndarray,
    sink_measures: np.ndarray, sink_rays: np.ndarray, sink_normals: np.ndarray, ops: np.ndarray,
) -> int:  # fmt: skip
    """Cut cones of inputs into the network's activation regions and add up what is answered rightly.

    Parameters
    ----------
    w_hi, w_hh, w_oh
        Weights, shapes ``(d,)``, ``(d, d)``, ``(4, d)``; no more facets than an integer has bits, so d up to 18.
    starts, marks, sizes, walls, labels
        Pointed cones to begin with, x_0 of one sign in each: extreme rays ``(cones, *, 4)``, the bits of the facets
        that each lies on ``(cones, *)``, the numbers of rays and facets ``(cones, 2)``, the facets' inward normals of
        length one ``(cones, *, 4)``, the first of them x_0 = 0, and the label that holds throughout.
    whole
        Whether every cell is measured, or only what the right fraction needs.
    measures
        Out, ``(cones, 5)``: the sums over each cone's cells of their fractions (0 unless ``whole``), of the right
        fractions, of fractions in which the answer hangs on rounding, of what displaced margins may cost, and of
        bounds on cells that could not be measured.
    sink_index, sink_pattern, sink_measures, sink_rays, sink_normals
        Out, as far as their length goes: for each cell its cone, its numbers of rays and facets and the bits of the
        facets that bind ``(cells, 4)``; which neurons are on at which step ``(cells, 4, d)``; its measures
        ``(cells, 5)``; rays and normals ``(cells, *, 4)``.
    ops
        Out: operations executed, and the other counters.

    Returns
    -------
    The number of cells, also where the sink is shorter.
    """
    d, n = w_hi.shape[0], w_oh.shape[0]
    extra, depth = walls.shape[1], stack_depth(d, n)
    room, sides = ray_capacity(d, n, extra), facet_capacity(d, n, extra)
    rays, masks = reals(depth, room, 4 + d), np.zeros((depth, room), np.int64)
    normals, linear, floors = reals(depth, sides, CORNERS), reals(depth, d, CORNERS), reals(depth, d)
    one, two = reals(room, 4 + d), reals(room, 4 + d)
    one_masks, two_masks = np.zeros(room, np.int64), np.zeros(room, np.int64)
    edges, on = np.zeros((3 * room, 3), np.int64), np.zeros(d, np.int64)
    fresh, out = reals(d, CORNERS), reals(5)
    scratch = (reals(CORNERS), reals(sides), reals(room, CORNERS), reals(4, 4), reals(5, 3))
    lead, reach = reals(n, n, d), reals(n, n)
    state, pattern = np.zeros((depth, 5), np.int64), np.zeros((depth, n, d), np.int8)
    for label in range(n):
        for rival in range(n):
            for j in range(d):
                lead[label, rival, j] = w_oh[label, j] - w_oh[rival, j]
    tally(ops, ADDED, n * n * d)
    reaches(w_hi, w_hh, lead, reach, ops)
    cells = 0
    for start in range(starts.shape[0]):
        label = labels[start]
        for k in range(5):
            measures[start, k] = 0.0
        begin(
            w_hi, starts[start], marks[start], sizes[start], walls[start], rays[0], masks[0], normals[0], linear[0],
            state[0], pattern[0],
        )  # fmt: skip
        top = BOTTOM
        while top >= 0:
            if state[top, 2] < d:
                top = cut_neuron(
                    top, rays, masks, normals, linear, floors, state, pattern, one, one_masks, two, two_masks, ops
                )
                continue
            step = state[top, 1]
            count = active(pattern[top, step], on)
            if step + 1 < n:
                state[top, 1] = step + 1
                state[top, 2] = 0
                if preactivations(
                    rays[top], state[top, 0], step + 1, w_hi, w_hh, on, count, linear[top], fresh, floors[top], ops
                ):
                    state[top, 4] = 1
                continue
            measure(
                top, rays, masks, normals, linear, state, on, count, lead[label], reach[label], label, whole,
                sizes[start, 1], one, one_masks, two, two_masks, edges, scratch, floors[top], ops, out,
            )  # fmt: skip
            for k in range(5):
                if out[k] != 0:
                    measures[start, k] = measures[start, k] + out[k]
                    tally(ops, ADDED, ONCE)
            if cells < sink_index.shape[0]:
                sink_index[cells, 0], sink_index[cells, 1], sink_index[cells, 2] = start, state[top, 0], state[top, 3]
                sink_index[cells, 3] = real_facets(masks[top], state[top, 0])
                for t in range(n):
                    for j in range(d):
                        sink_pattern[cells, t, j] = pattern[top, t, j]
                for k in range(5):
                    sink_measures[cells, k] = out[k]
                for c in range(CORNERS):
                    for i in range(state[top, 0]):
                        sink_rays[cells, i, c] = rays[top, i, c]
                    for f in range(state[top, 3]):
                        sink_normals[cells, f, c] = normals[top, f, c]
            cells += 1
            top -= 1
    return cells


def walk_batch(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, starts: np.ndarray, marks: np.ndarray,
    sizes: np.ndarray, walls: np.ndarray, labels: np.ndarray, whole: bool, measures: np.ndarray, ops: np.ndarray,
) -> None:  # fmt: skip
    """:func:`walk` for each of a stack of models; ``measures`` is ``(models, cones, 5)``, ``ops`` ``(models, 9)``."""
    no_index, no_pattern = np.empty((0, 4), np.int64), np.empty((0, 1, 1), np.int8)
    no_measures, no_rays, no_normals = reals(0, 5), reals(0, 1, CORNERS), reals(0, 1, CORNERS)
    for b in range(w_hi.shape[0]):
        walk(
            w_hi[b], w_hh[b], w_oh[b], starts, marks, sizes, walls, labels, whole, measures[b],
            no_index, no_pattern, no_measures, no_rays, no_normals, ops[b],
        )  # fmt: skip
