"""Kernel: how much of R^4 a network of four inputs answers rightly, exactly.

The walk is that of :mod:`heurex.estimators.regions_kernel` one dimension up: depth first, take a
cone (:mod:`heurex.estimators.cells4_kernel`), cut it where its next preactivation vanishes, go on with both parts;
after the last step cut by the logits and measure what is left.

Measured either way:

``whole``
    every cell and its right part by all their facets, so that the cells are seen to add up to 1;
otherwise
    right parts only, without the facets that two right parts share: the fluxes through a wall between two regions
    cancel, since the logits are continuous across it, unless two logits tie all over it.
"""

from math import pi, sqrt
from typing import Any

import numpy as np

from heurex.cones.corners import side
from heurex.cones.flux4 import WHOLE, fraction
from heurex.cones.polytope4 import ADDED, FAR, ONCE, SCALED, SHARED, find_edges, real_facets, split, tally
from heurex.estimators.cells4_kernel import (
    active,
    begin,
    cap,
    combine,
    cut_neuron,
    evaluate,
    facet_capacity,
    preactivations,
    ray_capacity,
    set_normal,
    stack_depth,
)
from heurex.kernels import reals

KERNEL = True

TOUCH = 1e-12
RAY: Any = np.int64(4)
SPREAD: Any = np.int64(4)
GROWTH = 4e-15
MARGIN_WIDTH: Any = np.int64(5)
BOTTOM: Any = np.int64(0)
CORNERS: Any = np.int64(4)
ALL: Any = np.int64(-1)
UPPER: Any = np.bool_(False)
CHORD = np.array([9, 4, 0, 1, 0])
END = np.array([13, 12, 1, 1, 0])
AREA = np.array([1, 4, 0, 0, 0])
# An edge is at most pi / 2 times its chord, a polygon's area below the square of its boundary over 2 pi, the field
# at most pi / 4, and a fraction is that of the whole sphere.
AREAS = 2.0 * pi * WHOLE
SQUARE = 0.25 * pi * pi
ENDS = 0.25 * pi * pi * pi
SMALL = 1e-30
# Places among the counters, behind those of the cones: cells, right parts, what does not fit together.
CELLS = 7
PARTS = 8
MISFITS = 9


def tied_facets(part: np.ndarray, masks: np.ndarray, m: int) -> int:
    """The bits of the facets on all of whose rays a margin vanishes, and of those without rays."""
    free = masks[0] & 0
    for i in range(m):
        if part[i, RAY] != 0:
            free |= masks[i]
    return ~free


def displaced(
    f: int, shift: float, rows: np.ndarray, edges: np.ndarray, count: int, normals: np.ndarray, skipped: int,
    ops: np.ndarray,
) -> float:  # fmt: skip
    """What a shift of facet f by an angle may change, over ``AREAS``: its area times that angle, and its ends.

    On a wall whose flux is skipped, since a neighbour's cancels it, the end of the facet moves by the shift over the
    sine of the angle between facet and wall, and the neighbour's by another.
    """
    length, ends = 0.0, 0.0
    for k in range(count):
        pair = edges[k, 2]
        if pair >> f & 1 == 0:
            continue
        square = 0.0
        for w in range(CORNERS):
            step = rows[edges[k, 0], w] - rows[edges[k, 1], w]
            square += step * step
        chord = sqrt(square)
        length += chord
        tally(ops, CHORD, ONCE)
        wall = pair & skipped
        if wall == 0:
            continue
        g = 0
        while wall >> g & 1 == 0:
            g += 1
        dot, across = 0.0, 0.0
        for w in range(CORNERS):
            dot += normals[f, w] * normals[g, w]
        for w in range(CORNERS):
            part = normals[g, w] - dot * normals[f, w]
            across += part * part
        ends += chord / (sqrt(across) + SMALL)
        tally(ops, END, ONCE)
    tally(ops, AREA, ONCE)
    return shift * (SQUARE * length * length + ENDS * ends)


def right_part(
    m: int, facets: int, normals: np.ndarray, lead: np.ndarray, label: int, on: np.ndarray,
    count: int, linear: np.ndarray, function: np.ndarray, shifts: np.ndarray, one: np.ndarray, one_masks: np.ndarray,
    two: np.ndarray, two_masks: np.ndarray, floors: np.ndarray, ops: np.ndarray,
) -> tuple[int, int, bool, bool, int]:  # fmt: skip
    """The part of a cell, given in ``one``, where the label's logit is the first largest one.

    ``lead`` holds the label's margins by rival, as weights of the preactivations.
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
                part,
                masks,
                m,
                RAY,
                MARGIN_WIDTH,
                bit,
                floors,
                other,
                other_masks,
                other,
                other_masks,
                UPPER,
                ops,
            )
            second = not second
            length = set_normal(normals, facets, function, CORNERS, ops)
            spread = GROWTH * size
            for i in range(count):
                spread += abs(lead[rival, on[i]]) * linear[on[i], SPREAD]
            shifts[facets] = 2.0 * spread / length
            tally(ops, ADDED, count)
            tally(ops, SCALED, count + 2)
            tally(ops, SHARED, ONCE)
            facets += 1
    return m, facets, second, doubtful, tied


def measure(
    top: int, rays: np.ndarray, masks: np.ndarray, normals: np.ndarray, linear: np.ndarray, state: np.ndarray,
    on: np.ndarray, count: int, lead: np.ndarray, label: int, whole: bool,
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
    far = ops[FAR]
    kept, sides, second, doubtful, tied = right_part(
        m, facets, normals[top], lead, label, on, count, linear[top], function, shifts,
        one, one_masks, two, two_masks, floors, ops,
    )  # fmt: skip
    doubtful = doubtful or state[top, 4] == 1
    if state[top, 5] == 1 or ops[FAR] > far:
        out[4] = cap(rays[top], m, not whole)
    if find_edges(masks[top], m, real_facets(masks[top], m), edges) < 0:
        ops[MISFITS] += 1
        out[4] = cap(rays[top], m, not whole)
        return
    if whole or doubtful:
        out[0], _ = fraction(
            rays[top], masks[top], m, normals[top], facets, ALL, edges, rows, basis, ends, ops
        )
        if doubtful:
            out[2] = out[0]
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
    out[1], found = fraction(
        part, part_masks, kept, normals[top], sides, wanted, edges, rows, basis, ends, ops
    )
    if found < 0:
        ops[MISFITS] += 1
        out[4] = cap(rays[top], m, not whole)
        return
    for f in range(facets, sides):
        out[3] = out[3] + displaced(f, shifts[f], rows, edges, found, normals[top], ~wanted, ops)
        tally(ops, ADDED, ONCE)
    if sides > facets:
        out[3] = out[3] / AREAS
        tally(ops, SHARED, ONCE)


def walk(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, starts: np.ndarray, marks: np.ndarray,
    sizes: np.ndarray, walls: np.ndarray, labels: np.ndarray, whole: bool, measures: np.ndarray,
    sink_index: np.ndarray, sink_pattern: np.ndarray, sink_measures: np.ndarray, sink_rays: np.ndarray,
    sink_normals: np.ndarray, ops: np.ndarray,
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
    normals, linear, floors = reals(depth, sides, CORNERS), reals(depth, d, 5), reals(depth, d)
    one, two = reals(room, 4 + d), reals(room, 4 + d)
    one_masks, two_masks = np.zeros(room, np.int64), np.zeros(room, np.int64)
    edges, on = np.zeros((3 * room, 3), np.int64), np.zeros(d, np.int64)
    fresh, out = reals(d, 5), reals(5)
    scratch = (reals(CORNERS), reals(sides), reals(room, CORNERS), reals(4, 4), reals(5, 3))
    lead = reals(n, n, d)
    state, pattern = np.zeros((depth, 6), np.int64), np.zeros((depth, n, d), np.int8)
    for label in range(n):
        for rival in range(n):
            for j in range(d):
                lead[label, rival, j] = w_oh[label, j] - w_oh[rival, j]
    tally(ops, ADDED, n * n * d)
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
                    top,
                    rays,
                    masks,
                    normals,
                    linear,
                    floors,
                    state,
                    pattern,
                    one,
                    one_masks,
                    two,
                    two_masks,
                    ops,
                )
                continue
            step = state[top, 1]
            count = active(pattern[top, step], on)
            if step + 1 < n:
                state[top, 1] = step + 1
                state[top, 2] = 0
                far = ops[FAR]
                if preactivations(
                    rays[top],
                    state[top, 0],
                    step + 1,
                    w_hi,
                    w_hh,
                    on,
                    count,
                    linear[top],
                    fresh,
                    floors[top],
                    ops,
                ):
                    state[top, 4] = 1
                if ops[FAR] > far:
                    state[top, 5] = 1
                continue
            measure(
                top, rays, masks, normals, linear, state, on, count, lead[label], label, whole,
                sizes[start, 1], one, one_masks, two, two_masks, edges, scratch, floors[top], ops, out,
            )  # fmt: skip
            for k in range(5):
                if out[k] != 0:
                    measures[start, k] = measures[start, k] + out[k]
                    tally(ops, ADDED, ONCE)
            if cells < sink_index.shape[0]:
                sink_index[cells, 0], sink_index[cells, 1], sink_index[cells, 2] = (
                    start,
                    state[top, 0],
                    state[top, 3],
                )
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
