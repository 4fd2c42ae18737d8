"""What mkdocs calls: the navigation is fitted to the pages that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["fitted", "on_config"]


def fitted(nav: list[Any], there: set[str]) -> list[Any]:
    """A navigation without the pages, and the sections, that are missing.

    Examples
    --------
    >>> fitted([{"A": "a.md"}, {"B": [{"C": "c.md"}]}], {"a.md"})
    [{'A': 'a.md'}]
    """
    kept: list[Any] = []
    for entry in nav:
        ((title, target),) = entry.items()
        if isinstance(target, list):
            inner = fitted(target, there)
            if inner:
                kept.append({title: inner})
        elif target in there:
            kept.append(entry)
    return kept


def _targets(nav: list[Any]) -> set[str]:
    found: set[str] = set()
    for entry in nav:
        for target in entry.values():
            found |= _targets(target) if isinstance(target, list) else {target}
    return found


def on_config(config: Any) -> Any:
    """Leave out what is missing; pages that nobody listed come last."""
    there = {path.name for path in Path(config["docs_dir"]).glob("*.md")}
    nav = fitted(config["nav"], there)
    more = sorted(there - _targets(nav))
    config["nav"] = nav + ([{"More": more}] if more else [])
    return config
