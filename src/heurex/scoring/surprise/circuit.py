"""A worked example of surprise accounting: a Boolean circuit that is true on all 256 inputs.

The circuit is ARC's. Of its structure we know what its published chances fix, and everything below is computed from
that: two binary trees of seven gates over the same eight inputs, under one OR gate.
"""

from __future__ import annotations

from math import log2

from heurex.scoring.surprise.stated import Entry

__all__ = ["circuit_ledger", "complement_chance"]

_DEPTH = 3
_LEVELS = ("nothing", "final gate", "negations", "swapped gates")


def complement_chance(depth: int) -> float:
    """The chance that two trees of AND and OR gates disagree, when all their inputs are each other's complements.

    Each of the two gates in a place is AND or OR with chance 1/2, and gates in different places are independent. If
    both pairs of inputs are complementary, so are the outputs of a pair of unlike gates (De Morgan), and those of
    like gates with chance 1/2; with one such pair it is 1/2 in any case; with none 1/2 and 0. So a chance c at the
    inputs becomes 3/4 c^2 + c (1 - c) + 1/4 (1 - c)^2 = 1/4 + c/2.

    Examples
    --------
    >>> complement_chance(3)
    0.5625
    """
    chance = 1.0
    for _ in range(depth):
        chance = 0.25 + chance / 2
    return chance


def circuit_ledger(known: str) -> tuple[Entry, ...]:
    """The ledger of an explanation of the circuit.

    Parameters
    ----------
    known
        ``"nothing"``; ``"final gate"``: that it is an OR; ``"negations"``: also that of the two wires in each of 15
        pairs (eight inputs, seven outputs) the negations are such that inputs are complementary; ``"swapped gates"``:
        also that in each of the seven pairs of gates one is an AND and the other an OR.

    Returns
    -------
    Checks at one bit each, and the residual: 256 times -log2 of the chance that an output is true.

    Notes
    -----
    The chance of a true output is 1/2 for nothing known; 1 - 1/4 behind an OR of two unknown signals; with the
    negations 1 - (1 - c) / 2, c the chance that the trees disagree, since they are both false as often as both true;
    and 1 with swapped gates.
    Source: ARC's posts on surprise accounting; which wires carry negations is our reading of their count.

    Examples
    --------
    >>> for known in ("nothing", "final gate", "negations", "swapped gates"):
    ...     checks, residual = circuit_ledger(known)[:-1], circuit_ledger(known)[-1]
    ...     print(f"{known}: {len(checks)} + {residual.bits:.2f}")
    nothing: 0 + 256.00
    final gate: 1 + 106.25
    negations: 16 + 91.17
    swapped gates: 23 + 0.00
    """
    level = _LEVELS.index(known)
    inputs, gates = 2**_DEPTH, 2**_DEPTH - 1
    entries: list[Entry] = []

    def check(statement: str, where: str) -> None:
        entries.append(Entry("check", statement, 1.0, "yes or no, equally likely", where))

    if level >= 1:
        check("the final gate is an OR", "final gate")
    if level >= 2:
        for wire in range(inputs + gates):
            check(
                "one of the two wires is negated" if wire < inputs else "both or neither are", f"wires {wire}"
            )
    if level >= 3:
        for gate in range(gates):
            check("one is an AND, the other an OR", f"gates {gate}")
    disagree = {0: None, 1: 0.5, 2: complement_chance(_DEPTH), 3: 1.0}[level]
    chance = 0.5 if disagree is None else 1 - (1 - disagree) / 2
    bits = 2**inputs * -log2(chance)
    prior = f"each output true with chance {chance:g}"
    entries.append(Entry("residual", f"all {2**inputs} outputs are true", bits + 0.0, prior, "all inputs"))
    return tuple(entries)
