"""Kernel: cells of a network of four inputs, cones in R^4 on which the hidden state is linear.

A cell holds its rays, which facets each lies on, the inward normals of its facets, and the preactivations of the
present step as linear functions of the input, from which their values at the rays are read once a step; a cut
interpolates them. Columns of a ray: 0..3 the input x, then d preactivations.
"""

from math import atan2, pi, sqrt
from typing import Any

import numpy as np

from heurex.cones.corners import side
from heurex.cones.polytope4 import ADDED, FAR, ONCE, SCALED, snapped, split, tally
from heurex.kernels import reals

KERNEL = True

# A sum is taken for zero when it is below this share of its largest term: rounding, not a value.
ROUNDING = 1e-15
# A ray nearer to a hyperplane than this angle lies in it. Interpolation leaves some 1e-16 where a value is
# zero, and up to 1e-13 in small cells between hyperplanes that are nearly parallel.
TOUCH = 1e-12
# NumPy integers where they are passed on: numba compiles a callee anew for each plain literal.
RAY: Any = np.int64(4)
CORNERS: Any = np.int64(4)
BOTH: Any = np.bool_(True)
SPREAD: Any = np.int64(4)
# What a sum of up to 18 terms may lose or have set to zero, in units of its terms.
GROWTH = 4e-15
# Costs as in the cones' kernel.
SQUARES = np.array([1, 1, 1, 0, 0])
ROOT = np.array([0, 0, 0, 1, 0])


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
    """First step: a cone on which x_0 has one sign, with z_1 as a linear function.

    A row of ``linear`` is four coefficients, and what rounding may have done to any of them.
    """
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
        linear[j, SPREAD] = GROWTH * abs(w_hi[j])
    state[0], state[1], state[2], state[3], state[4], state[5] = size[0], 0, d, size[1], 0, 0


def combine(
    weights: np.ndarray,
    on: np.ndarray,
    count: int,
    linear: np.ndarray,
    columns: int,
    out: np.ndarray,
    ops: np.ndarray,
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
        rays[i, column] = snapped(value, floor, ops)


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
        spread = GROWTH * size
        for i in range(count):
            spread += abs(w_hh[j, on[i]]) * linear[on[i], SPREAD]
        fresh[j, SPREAD] = spread
    tally(ops, SCALED, d * (count + 1))
    tally(ops, ADDED, d * count)
    for j in range(d):
        for c in range(step + 1):
            linear[j, c] = fresh[j, c]
        linear[j, SPREAD] = fresh[j, SPREAD]
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

    ``state`` holds for each cell its number of rays, its step, its next neuron, its number of facets, 1 if a
    preactivation vanishes throughout it by rounding only, and 1 if a ray was moved by more than rounding explains.
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
    far = ops[FAR]
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
        linear[top + 1, j, SPREAD] = linear[top, j, SPREAD]
        for t in range(step + 1):
            pattern[top + 1, t, j] = pattern[top, t, j]
    if ops[FAR] > far:
        state[top, 5] = 1
    for k in range(6):
        state[top + 1, k] = state[top, k]
    state[top + 1, 0], state[top, 0] = above, below
    state[top + 1, 3], state[top, 3] = facets + 1, facets + 1
    pattern[top + 1, step, neuron] = 1
    return top + 1


def cap(rays: np.ndarray, m: int, flux: bool) -> float:
    """No less than the fraction of a cone, or the flux through all of its walls: those of a cap about its rays."""
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
    size = (atan2(sine, smallest) - sine * smallest) / pi + 1e-14
    return size + 0.5 * sine * sine if flux else size
