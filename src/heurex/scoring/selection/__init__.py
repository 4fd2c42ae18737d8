"""Selection bits: minus log2 of the probability that a random network is as accurate as a given one."""

from heurex.scoring.selection.bits import selection_bits, selection_bits_near
from heurex.scoring.selection.bundled import bundled_runs, bundled_selection_bits
from heurex.scoring.selection.result import Effort, SelectionBits, Survival

__all__ = [
    "Effort",
    "SelectionBits",
    "Survival",
    "bundled_runs",
    "bundled_selection_bits",
    "selection_bits",
    "selection_bits_near",
]
