"""What every group of measurements shares: taking turns, units, and one kind of table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from statistics import median
from time import perf_counter

from rich.console import Console
from rich.table import Table

__all__ = ["console", "duration", "print_table", "take_turns"]

console = Console(width=110)


def take_turns(
    calls: Mapping[str, Callable[[], object]], rounds: int, clock: Callable[[], float] = perf_counter
) -> dict[str, float]:
    """Median seconds of each call; every round runs each once, after one round that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            start = clock()
            call()
            times[name].append(clock() - start)
    return {name: median(values) for name, values in times.items()}


def duration(seconds: float) -> str:
    """Seconds with three digits and the unit that suits."""
    for unit, scale in (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3)):
        if seconds < 999.5 * scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds:.3g} s"


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], group: int = 0) -> None:
    """One table; a line between rows that differ in the first ``group`` columns."""
    table = Table(title=title, title_justify="left")
    for name in head:
        table.add_column(name, no_wrap=True)
    for row, after in pairwise([*rows, ()]):
        table.add_row(*row, end_section=bool(after) and row[:group] != after[:group])
    console.print(table)
