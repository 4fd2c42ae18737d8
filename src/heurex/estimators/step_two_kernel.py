"""Kernel: the strips that the second step makes of the (x_0, x_1) plane, true or approximated.

A strip is given by its two boundary rays and the state h_2 on each, which is linear between them. Every ray has
x_1 = 1 or -1, and no strip crosses x_0 = x_1.

Arrays that the builders fill: ``rays`` (rays, 2); ``between`` (strips, 2), the two rays of a strip; ``states``
(strips, 2, 4); ``regions`` (strips, 2), the region's number and 1 if it is an unlikely one for inputs with x_2
between x_0 and x_1. They return the number of strips.

Source: Hilton (2024), "Original version".
"""

import numpy as np

KERNEL = True

MAX_RAYS = 14
MAX_STRIPS = 12
MERGED, SIGNED, TRUE = 0, 1, 2


def on_ray(response: float, direct: float, ray: np.ndarray) -> float:
    """response x_0 + direct x_1 on a ray whose entries may be 0, 1 or -1."""
    straight = direct if ray[1] > 0 else -direct
    if ray[0] == 0:
        return straight
    if ray[0] == -1:
        return straight - response
    return straight + response if ray[0] == 1 else straight + response * ray[0]


def slope_rays(abc: np.ndarray, rays: np.ndarray) -> None:
    """The note's four slopes and x_0 = x_1 as rays, counterclockwise from below the x_0 axis in two halves.

    0: gamma_0/alpha_3, 1: gamma_1/alpha_2, 2: (1, 1), all with x_1 = 1; 3: gamma_1/beta_2, 4: gamma_0/beta_3,
    5: (-1, -1), all with x_1 = -1; 6 and 7: x_0 = 0.
    """
    a, b, c = abc[0], abc[1], abc[2]
    gamma_0, gamma_1 = c[0] - c[3], c[1] - c[2]
    for i in range(8):
        rays[i, 1] = 1.0 if (i < 3 or i == 6) else -1.0
    rays[0, 0], rays[1, 0] = gamma_0 / (a[3] - a[0]), gamma_1 / (a[2] - a[1])
    rays[3, 0], rays[4, 0] = -(gamma_1 / (b[2] - b[1])), -(gamma_0 / (b[3] - b[0]))
    rays[2, 0], rays[5, 0], rays[6, 0], rays[7, 0] = 1.0, -1.0, 0.0, 0.0


def fill_strip(
    strip: int, first: int, second: int, region: int, use_a: bool, unlikely: bool,
    abc: np.ndarray, rays: np.ndarray, between: np.ndarray, states: np.ndarray, regions: np.ndarray,
) -> None:  # fmt: skip
    """One strip of the note's region 1, 2, 3 or 4: its two active neurons, by the responses a or b."""
    between[strip, 0], between[strip, 1] = first, second
    regions[strip, 0], regions[strip, 1] = region, 1 if unlikely else 0
    active = ((0, 1), (2, 3), (1, 3), (0, 2))[region - 1]
    for end in range(2):
        for j in range(4):
            states[strip, end, j] = 0.0
        # neighbouring strips of one region share a ray, and what was found there
        shared = strip > 0 and end == 0 and between[strip - 1, 1] == first and regions[strip - 1, 0] == region
        for j in active:
            response = abc[0, j] if use_a else abc[1, j]
            if shared and first != 6 and first != 7:
                states[strip, end, j] = states[strip - 1, 1, j]
            else:
                states[strip, end, j] = on_ray(response, abc[2, j], rays[between[strip, end]])


def merged_strips(
    abc: np.ndarray, rays: np.ndarray, between: np.ndarray, states: np.ndarray, regions: np.ndarray
) -> int:
    """The note's four merged regions; 3 and 4 are cut in two by x_0 = x_1."""
    slope_rays(abc, rays)
    bounds = ((3, 0), (1, 4), (0, 2), (2, 1), (4, 5), (5, 3))
    numbers = (1, 2, 3, 3, 4, 4)
    for i in range(6):
        use_a = i == 1 or i == 2 or i == 3
        fill_strip(
            i, bounds[i][0], bounds[i][1], numbers[i], use_a, i > 1, abc, rays, between, states, regions
        )
    return 6


def signed_strips(
    abc: np.ndarray, rays: np.ndarray, between: np.ndarray, states: np.ndarray, regions: np.ndarray
) -> int:
    """The same with regions 1 and 2 cut by the sign of x_0, each part with its own response."""
    slope_rays(abc, rays)
    bounds = ((3, 6), (6, 0), (1, 7), (7, 4), (0, 2), (2, 1), (4, 5), (5, 3))
    numbers = (1, 1, 2, 2, 3, 3, 4, 4)
    for i in range(8):
        use_a = i == 1 or i == 2 or i == 4 or i == 5
        fill_strip(
            i, bounds[i][0], bounds[i][1], numbers[i], use_a, i > 3, abc, rays, between, states, regions
        )
    return 8


def true_strips(
    abc: np.ndarray, rays: np.ndarray, between: np.ndarray, states: np.ndarray, regions: np.ndarray
) -> int:
    """The network's own activation patterns of step 2, on either side of x_0 = 0, each side cut by x_0 = x_1.

    The region's number is the pattern, neuron 0 its highest bit. Needs the note's checks on the signs of a, b
    and c, by which each half-plane holds all four zeros on one side of the x_0 axis.
    """
    order = np.zeros(5, np.int64)
    strip = 0
    rays[10, 0], rays[10, 1] = 0.0, 1.0
    rays[11, 0], rays[11, 1] = 0.0, -1.0
    for half in range(2):
        response, sign, base = abc[half], 1.0 - 2.0 * half, 5 * half
        for j in range(4):
            steep = abc[2, j] / response[j]
            rays[base + j, 0], rays[base + j, 1] = steep if sign * steep > 0 else -steep, sign
        rays[base + 4, 0], rays[base + 4, 1] = sign, sign
        farthest_first(rays, base, order)
        for k in range(6):
            between[strip, 0] = order[k - 1] if k > 0 else 11 - half
            between[strip, 1] = order[k] if k < 5 else 10 + half
            fill_true_strip(strip, base, response, abc[2], rays, between, states, regions)
            strip += 1
    return strip


def farthest_first(rays: np.ndarray, base: int, order: np.ndarray) -> None:
    """Five rays sorted by |x_0|, the largest first: counterclockwise."""
    for k in range(5):
        order[k] = base + k
        at = k
        while at > 0 and abs(rays[order[at], 0]) > abs(rays[order[at - 1], 0]):
            order[at], order[at - 1] = order[at - 1], order[at]
            at -= 1


def fill_true_strip(
    strip: int, base: int, response: np.ndarray, direct: np.ndarray,
    rays: np.ndarray, between: np.ndarray, states: np.ndarray, regions: np.ndarray,
) -> None:  # fmt: skip
    """A strip's state: preactivations on its rays, exactly 0 where the ray is the neuron's own, then ReLU.

    The larger of a neuron's two values decides whether it is on: where zeros of two neurons coincide, the smaller
    is rounding.
    """
    pattern = 0
    for j in range(4):
        for end in range(2):
            ray = between[strip, end]
            states[strip, end, j] = 0.0
            if ray != base + j:
                states[strip, end, j] = on_ray(response[j], direct[j], rays[ray])
        first, second = states[strip, 0, j], states[strip, 1, j]
        decisive = first if abs(first) > abs(second) else second
        pattern = 2 * pattern + (1 if decisive > 0 else 0)
        for end in range(2):
            if decisive <= 0 or states[strip, end, j] < 0:
                states[strip, end, j] = 0.0
    regions[strip, 0] = pattern
    regions[strip, 1] = 0 if (pattern == 12 or pattern == 3) else 1
