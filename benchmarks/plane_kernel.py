"""Kernel: a network over a plane of values of its two largest inputs, exactly.

The network is linear on polygons. The plane is cut cell by cell; a table of places, sorted, makes a tree in which what
two choices of places have in common up to some input is computed once.

``ops`` prices what is executed beside the numbers, as sampling is priced: a matrix times a state in full, also where
neurons are off. States are linear functions on cells; a lower bound says what they would cost if they were carried at
the corners, each corner once, and finding, cutting and measuring cells cost nothing.
"""

from math import exp

import numpy as np

from heurex.estimators.mean_field_kernel import phi
from heurex.kernels import reals

KERNEL = True
CORNERS = 24
DENSITY = 0.3989422804014327
# What operations are spent on; then the bound by corners, and how many cells, corners and ends of paths there are.
STEPS, CUTS, LOGITS, MASSES, BOUND, CELLS, CORNER, LEAVES = 0, 1, 2, 3, 4, 5, 6, 7
FUNCTION = 10
"""What a value of Owen's T counts, two of which a corner takes; edges are summed numerically instead."""


def edge_mass(x0: float, y0: float, x1: float, y1: float, nodes: np.ndarray, weights: np.ndarray) -> float:
    """What one edge adds to the normal mass of a polygon, by Green's formula: the integral of Phi(x) phi(y) dy."""
    total = 0.0
    for k in range(nodes.shape[0]):
        x, y = x0 + nodes[k] * (x1 - x0), y0 + nodes[k] * (y1 - y0)
        total = total + weights[k] * (phi(x) * (DENSITY * exp(-0.5 * y * y)))
    return total * (y1 - y0)


def cut(
    corners: np.ndarray,
    count: int,
    c0: float,
    c1: float,
    c2: float,
    sign: float,
    out: np.ndarray,
    ops: np.ndarray,
) -> int:
    """The part of a polygon on which ``sign (c0 + c1 x + c2 y)`` is positive: how many corners, or -1."""
    made = 0
    xa, ya = corners[count - 1, 0], corners[count - 1, 1]
    va = sign * (c0 + c1 * xa + c2 * ya)
    for k in range(count):
        xb, yb = corners[k, 0], corners[k, 1]
        vb = sign * (c0 + c1 * xb + c2 * yb)
        if (va > 0) != (vb > 0):
            share = va / (va - vb)
            if made == out.shape[0]:
                return -1
            out[made, 0], out[made, 1] = xa + share * (xb - xa), ya + share * (yb - ya)
            made += 1
            ops[CUTS] += 8
        if vb > 0:
            if made == out.shape[0]:
                return -1
            out[made, 0], out[made, 1] = xb, yb
            made += 1
        xa, ya, va = xb, yb, vb
    return made if made > 2 else 0


def split(z: np.ndarray, corners: np.ndarray, counts: np.ndarray, begin: int, ops: np.ndarray) -> int:
    """Cut a polygon at every neuron's kink; it is at ``begin`` and its parts follow there. How many, or -1."""
    made = 1
    left, right = reals(CORNERS, 2), reals(CORNERS, 2)
    for j in range(z.shape[0]):
        if z[j, 1] == 0 and z[j, 2] == 0:
            continue
        for part in range(begin, begin + made):
            positive, negative = False, False
            for k in range(counts[part]):
                value = z[j, 0] + z[j, 1] * corners[part, k, 0] + z[j, 2] * corners[part, k, 1]
                ops[CUTS] += 4
                if value > 1e-12:
                    positive = True
                elif value < -1e-12:
                    negative = True
            if not (positive and negative):
                continue
            more = cut(corners[part], counts[part], z[j, 0], z[j, 1], z[j, 2], 1.0, left, ops)
            less = cut(corners[part], counts[part], z[j, 0], z[j, 1], z[j, 2], -1.0, right, ops)
            if more < 0 or less < 0:
                return -1
            if more == 0 or less == 0:
                continue
            if begin + made >= counts.shape[0]:
                return -1
            counts[part] = more
            corners[part, :more] = left[:more]
            counts[begin + made] = less
            corners[begin + made, :less] = right[:less]
            made += 1
    return made


def plane_step(
    w_hi: np.ndarray, w_hh: np.ndarray, h: np.ndarray, corners: np.ndarray, counts: np.ndarray, cells: int,
    feed: np.ndarray, used: np.ndarray, h_new: np.ndarray, corners_new: np.ndarray, counts_new: np.ndarray,
    ops: np.ndarray,
) -> int:  # fmt: skip
    """Cells and their linear states after one more input, ``feed[0] + feed[1] x + feed[2] y``. How many cells, or -1.

    ``used``: whether x and y have been read, this input included; a state's slope by what it has not read is 0, free.
    """
    d = w_hi.shape[0]
    columns = 1 + used[1] + used[2]
    z = reals(d, 3)
    made = 0
    for cell in range(cells):
        for j in range(d):
            for c in range(3):
                z[j, c] = w_hi[j] * feed[c]
        for k in range(d):
            if h[cell, k, 0] == 0 and h[cell, k, 1] == 0 and h[cell, k, 2] == 0:
                continue
            for j in range(d):
                for c in range(3):
                    z[j, c] = z[j, c] + w_hh[j, k] * h[cell, k, c]
        ops[STEPS] += d + 2 * d * d * columns
        if made >= counts_new.shape[0]:
            return -1
        counts_new[made] = counts[cell]
        corners_new[made, : counts[cell]] = corners[cell, : counts[cell]]
        parts = split(z, corners_new, counts_new, made, ops)
        if parts < 0:
            return -1
        for part in range(made, made + parts):
            x, y = 0.0, 0.0
            for k in range(counts_new[part]):
                x += corners_new[part, k, 0] / counts_new[part]
                y += corners_new[part, k, 1] / counts_new[part]
            for j in range(d):
                on = z[j, 0] + z[j, 1] * x + z[j, 2] * y > 0
                for c in range(3):
                    h_new[part, j, c] = z[j, c] if on else 0.0
        made += parts
    return made


def right_mass(
    w_oh: np.ndarray, h: np.ndarray, corners: np.ndarray, counts: np.ndarray, cells: int, label: int,
    nodes: np.ndarray, weights: np.ndarray, ops: np.ndarray,
) -> float:  # fmt: skip
    """The normal mass of the part of the cells on which the label's logit is the largest; -1 without room."""
    n, d = w_oh.shape
    now, then = reals(CORNERS, 2), reals(CORNERS, 2)
    total = 0.0
    margin = reals(3)
    for cell in range(cells):
        count = counts[cell]
        now[:count] = corners[cell, :count]
        for i in range(n):
            if i == label:
                continue
            # differences of rows of w_oh are formed once for all cells
            for c in range(3):
                margin[c] = 0.0
                for k in range(d):
                    margin[c] = margin[c] + (w_oh[label, k] - w_oh[i, k]) * h[cell, k, c]
            ops[LOGITS] += 6 * d + 4 * count
            made = cut(now, count, margin[0], margin[1], margin[2], 1.0, then, ops)
            if made < 0:
                return -1.0
            count = made
            now[:count] = then[:count]
            if count == 0:
                break
        for k in range(count):
            b = (k + 1) % count
            total = total + edge_mass(now[k, 0], now[k, 1], now[b, 0], now[b, 1], nodes, weights)
            ops[MASSES] += 2 * FUNCTION + 14
    return total


def corners_of(corners: np.ndarray, counts: np.ndarray, cells: int, third: float, far: float) -> float:
    """How many different corners the cells have: four cells meet inside, two on a side of the plane's triangle."""
    total = 0.0
    for cell in range(cells):
        for k in range(counts[cell]):
            x, y = corners[cell, k, 0], corners[cell, k, 1]
            sides = 0
            for gap in (y - third, x - y, far - x):
                if gap < 1e-9:
                    sides += 1
            total = total + 0.25 * 2.0**sides
    return total


def plane_tree(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, paths: np.ndarray, rest: np.ndarray, third: float,
    far: float, nodes: np.ndarray, weights: np.ndarray, most: int, share: np.ndarray, found: np.ndarray,
    ops: np.ndarray,
) -> int:  # fmt: skip
    """Normal mass of the right part of the plane third < y < x < far, for many choices of places.

    Parameters
    ----------
    paths
        What is read, ``(p, n)``: 0 an input of the rest, 1 the largest, x, 2 the second, y, 3 the third. What a row
        has in common with the row before it is not computed again, so that sorted rows make a tree.
    rest
        Values of the other inputs by place, ``(n,)``.
    share, found
        Out: mass and number of cells, ``(p,)``.

    Returns
    -------
    0, or -1 where memory for ``most`` cells does not do.
    """
    d, n = w_hi.shape[0], w_oh.shape[0]
    h, corners = np.zeros((n + 1, most, d, 3)), np.zeros((n + 1, most, CORNERS, 2))
    counts, cells = np.zeros((n + 1, most), np.int64), np.zeros(n + 1, np.int64)
    used, feed, corner = np.zeros(3, np.int64), reals(3), np.zeros(n + 1)
    cells[0], counts[0, 0], corner[0] = 1, 3, 1.0
    corners[0, 0, 0, 0], corners[0, 0, 0, 1] = third, third
    corners[0, 0, 1, 0], corners[0, 0, 1, 1] = far, third
    corners[0, 0, 2, 0], corners[0, 0, 2, 1] = far, far
    for p in range(paths.shape[0]):
        begin = 0
        if p > 0:
            while begin < n and paths[p, begin] == paths[p - 1, begin]:
                begin += 1
        used[1], used[2] = 0, 0
        label = 0
        for t in range(n):
            pick = paths[p, t]
            if pick == 1 or pick == 2:
                used[pick] = 1
            if pick == 2:
                label = t
            if t < begin:
                continue
            feed[0] = rest[t] if pick == 0 else (third if pick == 3 else 0.0)
            feed[1] = 1.0 if pick == 1 else 0.0
            feed[2] = 1.0 if pick == 2 else 0.0
            cells[t + 1] = plane_step(
                w_hi, w_hh, h[t], corners[t], counts[t], cells[t], feed, used, h[t + 1], corners[t + 1],
                counts[t + 1], ops,
            )  # fmt: skip
            if cells[t + 1] < 0:
                return -1
            # before x and y are read all corners have one state; with one of them read, those of a strip's end have one
            corner[t + 1] = 1.0 if used[1] + used[2] == 0 else cells[t + 1] + 1.0
            if used[1] + used[2] == 2:
                corner[t + 1] = corners_of(corners[t + 1], counts[t + 1], cells[t + 1], third, far)
            ops[BOUND] += corner[t] * (d + (2 * d * d if t > 0 else 0)) + 3 * d * (corner[t + 1] - corner[t])
        found[p] = cells[n]
        ops[CELLS] += cells[n]
        ops[CORNER] += corner[n]
        ops[LEAVES] += 1
        ops[BOUND] += corner[n] * (2 * n * d - n)
        share[p] = right_mass(w_oh, h[n], corners[n], counts[n], cells[n], label, nodes, weights, ops)
    return 0
