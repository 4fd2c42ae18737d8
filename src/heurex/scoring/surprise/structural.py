"""Choices of a derivation as ledger entries, each with its convention in words."""

from __future__ import annotations

from decimal import Decimal
from math import log2

from heurex.estimators.base import Check
from heurex.scoring.surprise.stated import Entry

__all__ = ["checked", "choice", "free", "setting"]


def choice(count: int, statement: str, cell: str) -> Entry:
    """One of ``count`` possibilities, all equally likely."""
    bits = log2(count) if count > 1 else 0.0
    return Entry("structural", statement, bits, f"one of {count}, equally likely", cell)


def setting(statement: str, value: float, cell: str) -> Entry:
    """A number between 0 and 1 that somebody chose: all numbers of as many decimals are equally likely."""
    decimals = max(1, -int(Decimal(str(value)).normalize().as_tuple().exponent))
    count = 10**decimals - 1
    prior = f"one of {count}, all numbers of {decimals} decimal(s) between 0 and 1"
    return Entry("structural", f"{statement}, is {value:g}", log2(count), prior, cell)


def free(statement: str, why: str, cell: str) -> Entry:
    """A step that costs nothing."""
    return Entry("structural", statement, 0.0, why, cell)


def checked(check: Check) -> Entry:
    """A yes/no check that holds: one bit."""
    return Entry("check", check.statement, 1.0, "yes or no, equally likely", check.name)
