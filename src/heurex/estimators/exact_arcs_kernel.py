"""Kernel: where the answer changes, as arcs that add up to the share of inputs that is answered rightly.

All points lie on the sphere of directions, as rays (x_0, x_1, x_2) of one half of it: x_0 is 1 (the other half is
reflected into it), or 0 on the rays (0, 1) and (0, -1) of the (x_0, x_1) plane, or the ray is a pole (0, 0, -1) or
(0, 0, 1), which still remembers the ray of the plane that it was reached by. By Green's theorem about the pole
(0, 0, 1), the area on the left of a closed curve of arcs is twice the sum of the arguments of

    m_a m_b + a_0 b_0 + a_1 b_1  +  i (a_0 b_1 - a_1 b_0),    m_a = |a| + a_2,

one for each arc from a to b; they are multiplied, full turns are counted, and one arctangent is left in the end.

Columns of ``points``: x_1, x_2, m, the leads of logits 1 and 2 over logit 0, x_0^2 + x_1^2 (0: not known), the place
of a crossing between its ends, how far rounding can have moved it, by how much it can have changed the leads. Columns
of ``marks``: 1 where x_0 = 0; -1 or 1 for a pole; the answer; which leads are not 0, or 0 by rounding; whether m is
known; the two ends of a crossing.
"""

from math import sqrt

import numpy as np

KERNEL = True

X, Y, M, LEAD_1, LEAD_2, SQUARE, SHARE, MOVED, NOISE = 0, 1, 2, 3, 4, 5, 6, 7, 8
POINT_COLUMNS = 9
FLAT, POLE, ANSWER, BITS, KNOWN, END, OTHER = 0, 1, 2, 3, 4, 5, 6
MARK_COLUMNS = 7
# Entries of ``count``: next free point, full turns, trouble, doubt, sign of x_0, +1 outwards to larger x_1 or -1.
FREE, TURNS, TROUBLE, DOUBT, HALF, SIDE = 0, 1, 2, 3, 4, 5
COUNTS = 6
# Entries of ``total``: the product of the arcs, and a bound on the error of its argument.
RE, IM, SLACK = 0, 1, 2
ROOT_TWO = 1.4142135623730951
BIG, SMALL = 2.0**300, 2.0**-300
UNIT = 1.2e-16


def turn(total: np.ndarray, count: np.ndarray, re: float, im: float) -> None:
    """Multiply the product by re + i im and count a full turn where its argument passes pi."""
    r, i = total[RE], total[IM]
    if i == 0 and r == 1:
        total[RE] = re
        total[IM] = im
        return
    if im == 1:
        new_r, new_i = r * re - i, i * re + r
    elif im == -1:
        new_r, new_i = r * re + i, i * re - r
    else:
        new_r, new_i = r * re - i * im, i * re + r * im
    if im > 0:
        if i >= 0 and new_i < 0:
            count[TURNS] += 1
    elif i < 0 and new_i >= 0:
        count[TURNS] -= 1
    if abs(new_r) > BIG or abs(new_i) > BIG:
        new_r, new_i = new_r * SMALL, new_i * SMALL
    total[RE] = new_r
    total[IM] = new_i


def known_m(points: np.ndarray, marks: np.ndarray, v: int) -> float:
    """m = |x| + x_2 of a point, found once."""
    if marks[v, KNOWN] == 0:
        x, y = points[v, X], points[v, Y]
        if points[v, SQUARE] == 0:
            points[v, SQUARE] = 1 + x * x
        square = points[v, SQUARE]
        length = sqrt(square + y * y)
        if y < -1 and -y > abs(x):
            points[v, M] = square / (length - y)
        else:
            points[v, M] = length + y
        marks[v, KNOWN] = 1
    return points[v, M]


def add_arc(
    points: np.ndarray, marks: np.ndarray, total: np.ndarray, count: np.ndarray,
    a: int, b: int, forwards: bool, bound: bool,
) -> None:  # fmt: skip
    """The arc from a to b, or from b to a. Arcs that end in the pole (0, 0, 1) add nothing, nor do radial ones."""
    if marks[a, POLE] > 0 or marks[b, POLE] > 0:
        return
    xa, xb = points[a, X], points[b, X]
    flat_a, flat_b = marks[a, FLAT] == 1, marks[b, FLAT] == 1
    if flat_a and flat_b:
        return
    if flat_a:
        im = 1.0 if xa < 0 else -1.0
    elif flat_b:
        im = 1.0 if xb > 0 else -1.0
    elif xa == xb:
        return
    else:
        im = xb - xa
    if abs(xa) == 1:
        re = xb if xa > 0 else -xb
    elif abs(xb) == 1:
        re = xa if xb > 0 else -xa
    else:
        re = xa * xb
    if not flat_a and not flat_b:
        re = re + 1
    if marks[a, POLE] == 0 and marks[b, POLE] == 0:
        re = re + known_m(points, marks, a) * known_m(points, marks, b)
    if (count[SIDE] > 0) == forwards:
        turn(total, count, re, im)
    else:
        turn(total, count, re, -im)
    if bound:
        total[SLACK] = total[SLACK] + 12 * UNIT
        total[SLACK] = (
            total[SLACK] + max(points[a, MOVED], points[b, MOVED]) * length(points, marks, a, b) / 2
        )


def size(points: np.ndarray, marks: np.ndarray, v: int) -> float:
    """The length of a ray that is no pole."""
    x, y = points[v, X], points[v, Y]
    return sqrt((0.0 if marks[v, FLAT] == 1 else 1.0) + x * x + y * y)


def length(points: np.ndarray, marks: np.ndarray, a: int, b: int) -> float:
    """At least the angle between two rays: pi / 2 times the chord, its three entries added up."""
    if marks[a, POLE] != 0 or marks[b, POLE] != 0:
        return 3.2
    here, there = size(points, marks, a), size(points, marks, b)
    first = (0.0 if marks[a, FLAT] == 1 else 1 / here) - (0.0 if marks[b, FLAT] == 1 else 1 / there)
    across = points[a, X] / here - points[b, X] / there
    return 1.6 * (abs(first) + abs(across) + abs(points[a, Y] / here - points[b, Y] / there))


def cross(
    points: np.ndarray, marks: np.ndarray, count: np.ndarray, a: int, b: int, at_a: float, at_b: float,
    bound: bool,
) -> int:  # fmt: skip
    """The point between a and b where a value of opposite signs vanishes; a or b itself if it vanishes there."""
    if at_a == 0 or at_b == 0:
        end = a if at_a == 0 else b
        if bound and points[end, NOISE] > 0:
            points[end, MOVED] = max(points[end, MOVED], moved(points, marks, end, a, b, at_a, at_b))
        return end
    if (
        marks[a, POLE] != 0
        or (marks[b, POLE] == 0 and marks[a, FLAT] > marks[b, FLAT])
        or (marks[b, POLE] == 0 and marks[a, FLAT] == marks[b, FLAT] and abs(at_a) > abs(at_b))
    ):
        a, b, at_a, at_b = b, a, at_b, at_a
    new = count[FREE]
    count[FREE] = new + 1
    marks[new, FLAT] = marks[a, FLAT]
    marks[new, POLE] = 0
    marks[new, KNOWN] = 0
    marks[new, END] = a
    marks[new, OTHER] = b
    points[new, SQUARE] = 0.0
    points[new, X] = points[a, X]
    points[new, MOVED] = 0.0
    if marks[b, POLE] != 0:
        share = at_a / -at_b
        points[new, Y] = points[a, Y] + share if marks[b, POLE] > 0 else points[a, Y] - share
        points[new, SQUARE] = points[a, SQUARE]
    elif marks[a, FLAT] != marks[b, FLAT]:
        share = at_a / -at_b
        points[new, X] = points[a, X] + share if points[b, X] > 0 else points[a, X] - share
        points[new, Y] = points[a, Y] + share * points[b, Y] if points[b, Y] != 0 else points[a, Y]
    else:
        share = at_a / (at_a - at_b)
        if points[a, X] != points[b, X]:
            points[new, X] = points[a, X] + share * (points[b, X] - points[a, X])
        else:
            points[new, SQUARE] = points[a, SQUARE]
        if points[a, Y] != points[b, Y]:
            points[new, Y] = points[a, Y] + share * (points[b, Y] - points[a, Y])
        else:
            points[new, Y] = points[a, Y]
    points[new, SHARE] = share
    if bound:
        points[new, MOVED] = moved(points, marks, new, a, b, at_a, at_b)
    return new


def moved(points: np.ndarray, marks: np.ndarray, new: int, a: int, b: int, at_a: float, at_b: float) -> float:
    """How far, as an angle, rounding of the value at a and b can have moved a crossing between them."""
    noise = max(points[a, NOISE], points[b, NOISE])
    far = size(points, marks, new) if marks[new, POLE] == 0 else 1.0
    if at_a == 0 or at_b == 0:
        step = 1 + abs(points[b, X] - points[a, X]) + abs(points[b, Y] - points[a, Y])
        return points[new, NOISE] / abs(at_a - at_b) * step / far
    if marks[b, POLE] != 0:
        up = abs(points[new, Y] - points[a, Y])
        flat = 0.0 if marks[a, FLAT] == 1 else 1.0
        return (
            (points[a, NOISE] + up * points[b, NOISE]) / abs(at_b) * (flat + abs(points[a, X])) / (far * far)
        )
    if marks[a, FLAT] != marks[b, FLAT]:
        step = abs(points[b, X]) + abs(points[b, Y])
        return noise / abs(at_b) * step / far
    step = abs(points[b, X] - points[a, X]) + abs(points[b, Y] - points[a, Y])
    return min(noise / abs(at_a - at_b), 1.0) * step / far


def x_0(marks: np.ndarray, count: np.ndarray, v: int) -> float:
    """The true x_0 of a point."""
    return 0.0 if marks[v, FLAT] == 1 else 1.0 * count[HALF]


def place(points: np.ndarray, marks: np.ndarray, count: np.ndarray, v: int) -> int:
    """Whether x_2 is the largest input of a point (0), between (1) or the smallest (2)."""
    if marks[v, POLE] != 0:
        return 0 if marks[v, POLE] > 0 else 2
    first, y = x_0(marks, count, v), points[v, Y]
    above = 0
    if y >= first:
        above += 1
    if y >= points[v, X]:
        above += 1
    return 2 - above


def cross_order(points: np.ndarray, marks: np.ndarray, count: np.ndarray, a: int, b: int, first: bool) -> int:
    """The point between a and b where x_2 = x_0 (``first``) or x_2 = x_1; one end where they share a plane."""
    half = 1.0 * count[HALF]
    if marks[a, POLE] != 0 or marks[b, POLE] != 0:
        end = b if marks[a, POLE] != 0 else a
        new = count[FREE]
        count[FREE] = new + 1
        marks[new, FLAT] = marks[end, FLAT]
        marks[new, POLE] = 0
        points[new, X] = points[end, X]
        points[new, SQUARE] = points[end, SQUARE]
    elif first:
        new = cross_level(points, marks, count, a, b, half)
        if new == a or new == b:
            return new
    else:
        at_a, at_b = points[a, Y] - points[a, X], points[b, Y] - points[b, X]
        new = cross(points, marks, count, a, b, at_a, at_b, False)
        if new == a or new == b:
            return new
    marks[new, KNOWN] = 0
    points[new, MOVED] = 0.0
    points[new, Y] = x_0(marks, count, new) if first else points[new, X]
    return new


def cross_level(points: np.ndarray, marks: np.ndarray, count: np.ndarray, a: int, b: int, half: float) -> int:
    """The point between a and b where x_2 = x_0."""
    at_a = points[a, Y] if marks[a, FLAT] == 1 else points[a, Y] - half
    at_b = points[b, Y] if marks[b, FLAT] == 1 else points[b, Y] - half
    return cross(points, marks, count, a, b, at_a, at_b, False)


def add_jump(
    points: np.ndarray, marks: np.ndarray, total: np.ndarray, count: np.ndarray, p: int, first: bool,
    jump: int, bound: bool,
) -> None:  # fmt: skip
    """The arc along x_2 = x_0 or x_2 = x_1 from p outwards to x_0 = 0, as often as the right share jumps there."""
    if marks[p, FLAT] == 1 or jump == 0:
        return
    m = known_m(points, marks, p)
    if not first:
        m = m * (ROOT_TWO + 1) if count[SIDE] > 0 else m * (ROOT_TWO - 1)
    re = m + points[p, X] if count[SIDE] > 0 else m - points[p, X]
    for _ in range(abs(jump)):
        turn(total, count, re, 1.0 if jump > 0 else -1.0)
    if bound:
        total[SLACK] = total[SLACK] + 24 * UNIT


def net(answer: int, above: int, below: int) -> int:
    """1 if an answer is right just above a plane, -1 if just below it, else 0."""
    return 1 if answer == above else (-1 if answer == below else 0)


def add_border(
    points: np.ndarray, marks: np.ndarray, total: np.ndarray, count: np.ndarray,
    a: int, b: int, left: int, right: int, bound: bool,
) -> None:  # fmt: skip
    """The border from a to b with one answer on its left and another on its right (seen with x_1 outwards).

    It adds an arc where one of the two is the right answer, and it moves the end of what is right along the
    planes x_2 = x_0 and x_2 = x_1 where it crosses them.
    """
    if a == b:
        return
    high = 1 if count[SIDE] > 0 else 0
    here, last = place(points, marks, count, a), place(points, marks, count, b)
    at = a
    while True:
        label = 2 if here == 1 else (high if here == 0 else 1 - high)
        to = b
        first, upper = True, True
        if here != last:
            upper = here == 0 if last > here else here == 1
            first = upper == (high == 0)
            to = cross_order(points, marks, count, a, b, first)
        if label == left or label == right:
            add_arc(points, marks, total, count, at, to, label == left, bound)
        if here == last:
            return
        above, below = (high, 2) if upper else (2, 1 - high)
        jump = net(left, above, below) - net(right, above, below)
        if last < here:
            jump = -jump
        add_jump(points, marks, total, count, to, first, jump, bound)
        here = here + 1 if last > here else here - 1
        at = to
