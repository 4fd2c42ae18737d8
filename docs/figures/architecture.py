"""Draw docs/figures/architecture.svg: the rooms of the house, and the way that a model goes through them.

Run ``python docs/figures/architecture.py`` from the repository root. The drawing has a light ground of its own, so that
it reads on light and on dark pages.
"""

# ruff: noqa: E501 - a table of sentences
from __future__ import annotations

from pathlib import Path

from heurex.report.style import BLUE, GREEN, LINE_COLOUR, ORANGE, PINK, SKY, VERMILLION

__all__ = ["ROOMS", "drawing"]

ROOMS = (
    ("zoo, model, tasks", "weights by name, file or recipe", "a model, or a stack of noisy copies", BLUE),
    ("symmetry, standard", "pairs of opposite neurons, standard form", "the same model in canonical order", SKY),
    ("estimators", "cells of input space, each a cone, and what the net does there", "half-spaces of each cell", GREEN),
    ("cones", "the fraction of space in each cone", "fractions with errors that hold; an estimate with its cells and checks", ORANGE),
    ("results, runs", "every estimate of every copy, resumable", "rows of one table", PINK),
    ("scoring", "error against the exact truth and sampling; bits", "scores, fronts, ledgers", VERMILLION),
    ("report, cli", "figures, pages, tables, JSON", "what a reader sees", LINE_COLOUR),
)  # fmt: skip
"""Each room, what is in it, what leaves it."""

WIDTH, STEP = 760, 84


def drawing() -> str:
    """The picture as SVG."""
    height = STEP * len(ROOMS) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="The rooms of heurex, walked by one model from weights to pictures" '
        'font-family="DejaVu Sans, Verdana, sans-serif" font-size="14">',
        f'<rect width="{WIDTH}" height="{height}" rx="10" fill="#FAFAFA"/>',
    ]
    for i, (room, inside, leaves, colour) in enumerate(ROOMS):
        top = 14 + STEP * i
        parts += [
            f'<rect x="16" y="{top}" width="{WIDTH - 32}" height="48" rx="6" fill="#FFFFFF" stroke="{colour}" '
            'stroke-width="2"/>',
            f'<rect x="16" y="{top}" width="8" height="48" rx="3" fill="{colour}"/>',
            f'<text x="36" y="{top + 30}" font-weight="bold" fill="#222222">{room}</text>',
            f'<text x="230" y="{top + 30}" fill="#222222">{inside}</text>',
        ]
        if i + 1 < len(ROOMS):
            parts += [
                f'<path d="M 120 {top + 50} v 28 m -5 -8 l 5 8 l 5 -8" fill="none" stroke="{LINE_COLOUR}" '
                'stroke-width="1.5"/>',
                f'<text x="136" y="{top + 70}" font-size="12" fill="{LINE_COLOUR}">{leaves}</text>',
            ]
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    (Path(__file__).parent / "architecture.svg").write_text(drawing())
