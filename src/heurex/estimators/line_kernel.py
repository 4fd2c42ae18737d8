"""Kernel: the share of the last input on which a network answers rightly, exactly, for many lines side by side.

A line is one choice of the earlier inputs; the last one, t, goes through all of it. Logits are linear in t but where a
neuron of the last step goes on or off, and the label changes at the two largest earlier inputs. Those *places* are
sorted, and logits carried from one to the next: from 0 outwards to the right, then from 0 outwards to the left.

Lines lie side by side in lanes, as the sampler's inputs do, and take every step together: how far, where logits are
then, and whether comparisons settle the stretch: the label's logit is the largest at both ends and so all along, or
another one is ahead of it at both. Only where neither is so, or where right turns to wrong, a lane is looked at alone.
``ops`` counts what is executed, beside whatever numbers are used; bounds on rounding are not counted.
"""

import numpy as np

from heurex.estimators.line_law_kernel import within
from heurex.estimators.sampling_kernel import weigh

KERNEL = True
LENT = True
INLINED = ("exchange", "add_up", "doubtful", "stretch", "visit", "advance", "carry", "judge")
LANES = 128
INFINITE = 1e300
# The share of t beyond this, or nearer to 0 than that, is nothing.
FAR, NEAR = 1e100, 1e-300
# Places among the operations.
ADD, MUL, DIV = 0, 1, 2
# What is known of a stretch: the answer is wrong all along it, right all along it, or neither is clear.
WRONG, RIGHT, OPEN = 0, 1, 2


def doubtful(
    lead: float, slope: float, rough: float, rougher: float, low: float, width: float, density: float
) -> float:
    """A bound on the share of a stretch on which ``lead + slope t`` is below its rounding ``rough + rougher t``."""
    if slope < 0:
        lead, slope = -lead, -slope
    if slope <= 2 * rougher:
        if width < INFINITE and abs(lead) > rough + (slope + rougher) * width:
            return 0.0
        # all of the stretch; the share beyond low falls off with it
        return min(density * width, 0.5) if low <= 1 else min(density * width, density / low)
    begin = max((-rough - lead) / (slope + rougher), 0.0)
    end = min((rough - lead) / (slope - rougher), width)
    if not begin < end:
        return 0.0
    # beyond a place t > 1 the density is below density / t^3, as n is 3 or more
    place = max(low + begin, 1.0)
    return min(density * (end - begin) / (place * place * place), 0.5)


def exchange(here: np.ndarray, there: np.ndarray, one: np.ndarray, other: np.ndarray, lanes: int) -> None:
    """The smaller place of each lane to ``here``, the larger to ``there``; what stands beside them follows."""
    for t in range(lanes):
        a, b, e, f = here[t], there[t], one[t], other[t]
        later = a > b
        here[t] = b if later else a
        there[t] = a if later else b
        one[t] = f if later else e
        other[t] = e if later else f


def begin(
    levels: np.ndarray, tops: np.ndarray, w_hi: np.ndarray, w_oh: np.ndarray, gains: np.ndarray, reads: np.ndarray,
    pairs: np.ndarray, numbers: tuple[np.ndarray, ...], counts: tuple[np.ndarray, ...], lanes: int, nothing: float,
) -> int:  # fmt: skip
    """Where things happen on each line, sorted, and logits and their slopes at 0; how often a slope changes in all."""
    state, at_0, slope_0, place = numbers[:4]
    event, ahead, alive = counts[:3]
    d, n, m = w_hi.shape[0], w_oh.shape[0], reads.shape[0]
    changes = 0
    for t in range(lanes):
        alive[t] = 0
        ahead[t] = 0
    for j in range(d):
        for t in range(lanes):
            z = levels[j, t]
            state[j, t] = z if z > 0 else nothing
            alive[t] += 1 if z > 0 else 0
    for k in range(m):
        j = reads[k]
        w = w_hi[j]
        side = NEAR if w > 0 else -NEAR
        for t in range(lanes):
            z = levels[j, t]
            p = -z / w
            # a neuron at 0 itself goes on beside it
            beside = -side if z > 0 else side
            p = beside if p == 0 else p
            near = abs(p) < FAR
            place[k + 1, t] = p if near else FAR
            event[k + 1, t] = j if near else d
            changes += 1 if near else 0
    for k in range(2):
        for t in range(lanes):
            place[m + 1 + k, t] = tops[k, t]
            event[m + 1 + k, t] = d
    for row in range(1, m + 3):
        for t in range(lanes):
            ahead[t] += 0 if place[row, t] < 0 else 1
    for pair in range(pairs.shape[0]):
        a, b = pairs[pair, 0] + 1, pairs[pair, 1] + 1
        exchange(place[a], place[b], event[a], event[b], lanes)
    for i in range(n):
        weigh(w_oh[i], state, at_0[i], lanes)
        for t in range(lanes):
            slope_0[i, t] = nothing
        for j in range(d):
            g = gains[i, j]
            for t in range(lanes):
                slope = slope_0[i, t]
                slope_0[i, t] = slope + g if state[j, t] > 0 else slope
    for t in range(lanes):
        changes += alive[t]
    return changes


def stretch(
    label: int, lane: int, begins: np.ndarray, ends: np.ndarray, slopes: np.ndarray, marks: np.ndarray, low: float,
    high: float, part: np.ndarray, doubt: np.ndarray, ops: np.ndarray,
) -> bool:  # fmt: skip
    """The part of a stretch from low to high, distances from 0, where the label's logit is the first largest.

    ``doubt`` is the place of the density of t at 0, the rounding of a difference of logits at 0 and by t, and the sum
    of the shares where that decides; nothing is added up where the first of them is 0.
    """
    part[0], part[1] = low, high
    here_below, there_below = marks[0, lane], marks[2, lane]
    mine, mine_after, my_slope = begins[label, lane], ends[label, lane], slopes[label, lane]
    for rival in range(begins.shape[0]):
        here, there = begins[rival, lane], ends[rival, lane]
        # a lead beyond rounding at both ends is one all along
        if (here < here_below) & (there < there_below) or rival == label:
            continue
        # ends at infinity are slopes, and where slopes are equal what was the case all along
        slope = slopes[rival, lane]
        ahead, behind = mine_after > there, mine_after < there
        if high >= INFINITE and mine_after == there:
            ahead, behind = mine > here, mine < here
        if doubt[0] > 0 and not (mine == here and my_slope == slope):
            doubt[3] += doubtful(
                mine - here, my_slope - slope, doubt[1] + doubt[2] * low, doubt[2], low, high - low, doubt[0]
            )
        if mine >= here and not behind:
            if mine == here and not ahead and rival < label:
                return False
            continue
        if mine <= here and not ahead:
            return False
        quotient = (mine - here) / (slope - my_slope)
        root = low + abs(quotient)
        root = high if root > high else (root if root > low else low)
        ops[ADD] += 3
        ops[DIV] += 1
        if ahead:
            part[0] = max(part[0], root)
        else:
            part[1] = min(part[1], root)
        if part[0] >= part[1]:
            return False
    return True


def visit(
    verdict: int, label: int, was_right: bool, lane: int, low: float, high: float, begins: np.ndarray,
    ends: np.ndarray, slopes: np.ndarray, marks: np.ndarray, part: np.ndarray, doubt: np.ndarray, change: np.ndarray,
    owner: np.ndarray, waiting: int, ops: np.ndarray,
) -> tuple[int, int]:  # fmt: skip
    """Look at one lane's stretch alone: note where right and wrong meet; how many wait, and whether it ends right."""
    part[0], part[1] = low, high
    if verdict == OPEN:
        is_somewhere = stretch(label, lane, begins, ends, slopes, marks, low, high, part, doubt, ops)
        verdict = RIGHT if is_somewhere else WRONG
    if was_right and (verdict == WRONG or part[0] > low):
        change[waiting], owner[waiting] = low, lane
        waiting += 1
        was_right = False
    if verdict == WRONG:
        return waiting, 0
    if not was_right and part[0] > 0:
        change[waiting], owner[waiting] = part[0], -1 - lane
        waiting += 1
    if part[1] < high:
        change[waiting], owner[waiting] = part[1], lane
        return waiting + 1, 0
    return waiting, 1


def add_up(
    change: np.ndarray, owner: np.ndarray, waiting: int, tops: np.ndarray, known: np.ndarray, n: int,
    series: np.ndarray, total: np.ndarray, ops: np.ndarray,
) -> None:  # fmt: skip
    """Add the share within each place where right turns to wrong to its line's total, take it off for the reverse."""
    for k in range(waiting):
        lane = owner[k] if owner[k] >= 0 else -1 - owner[k]
        share = within(change[k], lane, tops, known, n, series, ops)
        total[lane] = total[lane] + share if owner[k] >= 0 else total[lane] - share
    ops[ADD] += waiting


def advance(
    step: int, events: int, turns: np.ndarray, tops: np.ndarray, places: np.ndarray, n: int,
    numbers: tuple[np.ndarray, ...], counts: tuple[np.ndarray, ...], lanes: int, nothing: float,
) -> None:  # fmt: skip
    """What every lane comes to next, how far that is, and the right answer beyond it."""
    place, low, high, width = numbers[3], numbers[4], numbers[5], numbers[6]
    event, ahead, comes, beyond, turning = counts[0], counts[1], counts[3], counts[4], counts[13]
    for t in range(lanes):
        right = ahead[t]
        row = events - right + 1 + step if step <= right else events + 1 - step
        came = event[row, t]
        high[t], comes[t] = place[row, t], came
        # what goes on outwards on the right goes off on the left
        turning[t] = turns[came] if step < right else -turns[came]
    # what is looked up above is kept from what goes on side by side
    pl0, pl1, first, second = places[0], places[1], tops[0], tops[1]
    for t in range(lanes):
        p = high[t]
        far = abs(p)
        high[t] = far
        width[t] = far - low[t] if far < INFINITE else nothing
        p = nothing if step == ahead[t] else p
        upwards = pl0[t] if p >= first[t] else (n - 1 if p >= second[t] else pl1[t])
        downwards = pl1[t] if p <= second[t] else (n - 1 if p <= first[t] else pl0[t])
        beyond[t] = upwards if step < ahead[t] else downwards


def carry(
    begins: np.ndarray, ends: np.ndarray, slopes: np.ndarray, steep: np.ndarray, gone: np.ndarray,
    high: np.ndarray, width: np.ndarray, lanes: int,
) -> None:  # fmt: skip
    """Slopes beyond the last place, and logits at the next; at infinity slopes stand for them."""
    last = steep.shape[1] - 1
    for i in range(begins.shape[0]):
        row = steep[i]
        for t in range(lanes):
            slope = slopes[i, t]
            slope = slope + row[gone[t]] if gone[t] < last else slope
            slopes[i, t] = slope
            ends[i, t] = begins[i, t] + slope * width[t] if high[t] < INFINITE else slope


def judge(
    begins: np.ndarray, ends: np.ndarray, numbers: tuple[np.ndarray, ...], counts: tuple[np.ndarray, ...],
    rounding: np.ndarray, lanes: int,
) -> None:  # fmt: skip
    """What comparisons say of each lane's stretch, beyond rounding."""
    low, high, marks = numbers[4], numbers[5], numbers[7]
    alive, label, clear, behind = counts[2], counts[5], counts[6], counts[7]
    for t in range(lanes):
        marks[0, t], marks[2, t] = begins[label[t], t], ends[label[t], t]
    for t in range(lanes):
        clear[t], behind[t] = 1, 0
        marks[1, t], marks[3, t] = marks[0, t], marks[2, t]
    if rounding[0] > 0:
        for t in range(lanes):
            here = rounding[1] + rounding[2] * low[t]
            there = rounding[1] + rounding[2] * high[t] if high[t] < INFINITE else rounding[2]
            marks[0, t] = marks[0, t] - here
            marks[1, t] = marks[1, t] + here
            marks[2, t] = marks[2, t] - there
            marks[3, t] = marks[3, t] + there
    for i in range(begins.shape[0]):
        for t in range(lanes):
            here, there = begins[i, t], ends[i, t]
            less = (here < marks[0, t]) & (there < marks[2, t])
            more = (here > marks[1, t]) & (there > marks[3, t])
            clear[t] = clear[t] if less | (label[t] == i) else 0
            behind[t] = 1 if more else behind[t]
    for t in range(lanes):
        found = RIGHT if clear[t] == 1 else (WRONG if behind[t] == 1 else OPEN)
        # with nothing on all logits are 0
        none = RIGHT if label[t] == 0 else WRONG
        clear[t] = none if alive[t] == 0 else found


def line_shares(
    levels: np.ndarray, tops: np.ndarray, places: np.ndarray, known: np.ndarray, w_hi: np.ndarray, w_oh: np.ndarray,
    tables: tuple[np.ndarray, ...], series: np.ndarray, rounding: np.ndarray, numbers: tuple[np.ndarray, ...],
    counts: tuple[np.ndarray, ...], lanes: int, total: np.ndarray, unsure: np.ndarray, ops: np.ndarray,
) -> None:  # fmt: skip
    """The share of the last input that is answered rightly, of up to LANES lines.

    Parameters
    ----------
    levels
        Last preactivations where the last input is 0, ``(d, lanes)``.
    tops, places, known
        The two largest earlier inputs, where they are, and their :func:`below` or nothing: ``(2, lanes)`` each.
    tables, numbers, counts
        From :mod:`heurex.estimators.line_tables_kernel`.
    series
        For :func:`below`.
    rounding
        ``(3,)``: the density of the last input at 0, and the rounding of a difference of logits: at t = 0, and what
        is added by t. Nothing is bounded if the first is 0.
    total, unsure
        Out, ``(lanes,)``: the shares, and the shares where the answer hangs on rounding.
    ops
        In and out, ``(5,)``: operations executed.
    """
    gains, steep, turns, reads, pairs = tables
    at_0, slope_0, low, high, width = numbers[1], numbers[2], numbers[4], numbers[5], numbers[6]
    begins, ends, slopes = numbers[8], numbers[9], numbers[10]
    alive, comes, beyond, label, verdict = counts[2], counts[3], counts[4], counts[5], counts[6]
    gone, is_right, calls, alive_0 = counts[8], counts[9], counts[10], counts[11]
    turning = counts[13]
    d, n, events = w_hi.shape[0], w_oh.shape[0], reads.shape[0] + 2
    nothing = steep[0, d]
    changes = begin(levels, tops, w_hi, w_oh, gains, reads, pairs, numbers, counts, lanes, nothing)
    marks, part, doubt = numbers[7], numbers[11][0], numbers[11][1]
    change, owner, waiting = numbers[12], counts[12], 0
    doubt[0], doubt[1], doubt[2] = rounding[0], rounding[1], rounding[2]
    for i in range(n):
        for t in range(lanes):
            begins[i, t] = at_0[i, t]
            slopes[i, t] = slope_0[i, t]
    for t in range(lanes):
        first, second = tops[0, t], tops[1, t]
        label[t] = places[0, t] if first <= 0 else (n - 1 if second <= 0 else places[1, t])
        gone[t], is_right[t], low[t], total[t], unsure[t] = d, 0, nothing, nothing, 0.0
        alive_0[t] = alive[t]
    for step in range(events + 2):
        advance(step, events, turns, tops, places, n, numbers, counts, lanes, nothing)
        carry(begins, ends, slopes, steep, gone, high, width, lanes)
        judge(begins, ends, numbers, counts, rounding, lanes)
        for t in range(lanes):
            after = alive[t] + turning[t]
            dies = (after == 0) & (alive[t] > 0)
            differs = (verdict[t] != is_right[t]) & (low[t] < high[t])
            calls[t] = 1 if differs | dies | (high[t] >= INFINITE) else 0
            alive[t] = after
        for t in range(lanes):
            if calls[t] == 0:
                continue
            if low[t] < high[t] and verdict[t] != is_right[t]:
                doubt[3] = 0.0
                waiting, is_right[t] = visit(
                    verdict[t], label[t], is_right[t] == 1, t, low[t], high[t], begins, ends, slopes, marks, part,
                    doubt, change, owner, waiting, ops,
                )  # fmt: skip
                unsure[t] += doubt[3]
            if high[t] >= INFINITE:
                if is_right[t] == 1:
                    total[t] = total[t] + 0.5
                    ops[ADD] += 1
                # on to the other side of 0
                is_right[t], high[t], alive[t] = 0, nothing, alive_0[t]
                for i in range(n):
                    ends[i, t] = at_0[i, t]
                    slopes[i, t] = -slope_0[i, t]
            elif alive[t] == 0:
                # with nothing on all logits are 0, not what rounding has left of them
                comes[t] = d
                changes -= 1
                for i in range(n):
                    ends[i, t] = nothing
                    slopes[i, t] = nothing
        for t in range(lanes):
            low[t], label[t], gone[t] = high[t], beyond[t], comes[t]
        begins, ends = ends, begins
        # a step leaves three of a lane at most
        if waiting > 3 * LANES or step == events + 1:
            add_up(change, owner, waiting, tops, known, n, series, total, ops)
            waiting = 0
    ops[ADD] += changes * n + lanes * (n * (d - 1) + events * (n + 1))
    ops[MUL] += lanes * n * (d + events)
    ops[DIV] += lanes * (events - 2)
