"""The versions of everything that heurex writes as JSON, in one place; docs/schemas.md has the fields of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["VERSIONS", "versioned"]

VERSIONS: Final[Mapping[str, int]] = {
    "results table": 2,
    "estimate": 1,
    "cells": 1,
    "explain": 1,
    "methods": 1,
    "scan": 1,
    "evaluate": 1,
    "timings": 1,
    "sweep": 1,
    "summarise": 1,
    "challenge": 1,
    "challenge --noise-scan": 1,
    "leaderboard": 1,
    "surprise": 1,
    "surprise-tables": 1,
    "selection-bits": 1,
    "reproduce": 1,
    "report": 1,
    "doctor": 1,
    "figure": 1,
    "zoo list": 1,
    "zoo check": 1,
    "zoo check --samples": 1,
    "zoo index": 1,
    "index": 1,
    "zoo train": 1,
    "counts of a truth": 1,
}
"""By verb or file. A field that is added keeps the number; one renamed, removed or redefined raises it."""


def versioned(name: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """A record with its version in front, as the field ``schema``.

    Parameters
    ----------
    name
        What it is a record of: a key of :data:`VERSIONS`.
    record
        Its fields.

    Returns
    -------
    The same fields after ``schema``.

    Examples
    --------
    >>> versioned("surprise-tables", {"tables": 12})
    {'schema': 1, 'tables': 12}
    """
    return {"schema": VERSIONS[name], **record}
