"""Selection bits that travel with the package: sizes (2, 2) and (4, 3), three scales."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np

from heurex.errors import UsageError
from heurex.scoring.selection.bits import counted, from_replicates
from heurex.scoring.selection.networks import RandomNetworks
from heurex.scoring.selection.result import SelectionBits, Survival

__all__ = ["bundle", "bundled_runs", "bundled_selection_bits"]

_SCHEMA: Final = 1
_WELL_COUNTED: Final = 1000
"""Where so many networks were counted, the count answers."""


@cache
def bundle() -> dict[str, Any]:
    """The record as ``python benchmarks/selection_bits.py`` wrote it, with everything that made it."""
    text = (resources.files("heurex.scoring") / "data" / "selection_bits.json").read_text(encoding="utf-8")
    record = json.loads(text)
    if record.get("schema") != _SCHEMA:
        raise UsageError(f"the bundled selection bits have schema {record.get('schema')}; expected {_SCHEMA}")
    return record


@cache
def bundled_runs(hidden_size: int, seq_len: int, scale: float) -> tuple[SelectionBits, ...]:
    """The bundled runs of one size and scale, each with its curve: counting, then splitting, the widest event first.

    Raises
    ------
    UsageError
        If the size and scale are not bundled; the message lists what is.
    """
    cases = bundle()["cases"]
    for case in cases:
        if (case["hidden_size"], case["seq_len"], case["scale"]) == (hidden_size, seq_len, scale):
            return _runs(case)
    known = ", ".join(f"({case['hidden_size']}, {case['seq_len']}) at {case['scale']:g}" for case in cases)
    raise UsageError(
        f"no selection bits are bundled for ({hidden_size}, {seq_len}) at scale {scale:g}; expected one of {known}"
    )


def _runs(case: dict[str, Any]) -> tuple[SelectionBits, ...]:
    networks = RandomNetworks(case["hidden_size"], case["seq_len"], case["scale"])
    seed, table = bundle()["seed"], case["counting"]
    found = [
        counted(networks, np.array(table["accuracies"]), np.array(table["counts"]), table["samples"], seed)
    ]
    for run in case["splitting"]:
        with np.errstate(over="ignore"):
            replicates = np.exp2(
                [[-np.inf if x is None else x for x in row] for row in run["log2_probability"]]
            )
        one = from_replicates(
            networks, np.array(run["accuracies"]), replicates, seed, run["evaluations"],
            levels=tuple(run["levels"]),
        )  # fmt: skip
        found.append(replace(one, event=run["event"]))
    return tuple(found)


def bundled_selection_bits(
    hidden_size: int, seq_len: int, accuracy: float, scale: float = 1.0
) -> SelectionBits:
    """Selection bits from the bundled results, without computing anything anew.

    Parameters
    ----------
    hidden_size, seq_len, scale
        (2, 2) or (4, 3), and 0.5, 1 or 2.
    accuracy
        Within the measured range. At a bundled model's own accuracy the interval is that of the measurement;
        between two measured accuracies it reaches over both of theirs.

    Returns
    -------
    :class:`SelectionBits`. Its ``event`` says whether any network counts, or only those near a model; then the bits
    are an upper bound.

    Raises
    ------
    UsageError
        For another size, scale or range.

    Examples
    --------
    >>> found = bundled_selection_bits(2, 2, 1 - 7.7431e-5)
    >>> found.interval[0] < 27.2 < found.interval[1]
    True
    """
    runs = bundled_runs(hidden_size, seq_len, float(scale))
    counting = runs[0]
    for run in runs:
        reach = _curve(run).accuracies[-1]
        if run is counting:
            reach = _curve(run).accuracies[_curve(run).bits <= np.log2(run.evaluations / _WELL_COUNTED)][-1]
        if accuracy <= reach + 1e-12:
            return _answer(run, accuracy)
    raise UsageError(
        f"accuracy {accuracy} is beyond the bundled {_curve(runs[-1]).accuracies[-1]:.10g} for "
        f"({hidden_size}, {seq_len}); selection_bits computes it anew"
    )


def _curve(run: SelectionBits) -> Survival:
    assert run.survival is not None
    return run.survival


def _answer(run: SelectionBits, accuracy: float) -> SelectionBits:
    bits, low, high = _curve(run).at(accuracy)
    return replace(
        run, accuracy=accuracy, bits=bits, interval=(low, high), probability=2.0**-bits, replicates=(),
        levels=tuple(level for level in run.levels if level < accuracy),
    )  # fmt: skip
