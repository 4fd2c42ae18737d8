"""What mkdocs calls: the navigation is fitted to the pages that are there, formulas in plain text are set."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

__all__ = ["fitted", "on_config", "on_page_content", "typeset"]

_VERBATIM: Final = re.compile(r"(<(pre|code|script|style)\b.*?</\2>|<[^>]*>)", re.DOTALL)
_ROLE: Final = re.compile(r":(?:func|class|meth|mod|data|attr|exc):(?=<code>)")
_BELOW: Final = re.compile(r"\b([A-Za-z])_\{([^{}<>]+)\}")
_ABOVE: Final = re.compile(r"\b(\d+|[A-Za-z]+)\^(-?\d+|[A-Za-z]{1,2})\b")


def typeset(html: str) -> str:
    """Sub- and superscripts in place of ``_{}`` and ``^``, outside code; roles of docstrings left out.

    Examples
    --------
    >>> typeset("<p>M_{4,3}: 2^-14, <code>2^3</code>, :func:<code>heurex.load</code></p>")
    '<p>M<sub>4,3</sub>: 2<sup>-14</sup>, <code>2^3</code>, <code>heurex.load</code></p>'
    """
    parts = _VERBATIM.split(_ROLE.sub("", html))
    # three parts a match: text, what stays as it is, the name of its tag
    for i in range(0, len(parts), 3):
        parts[i] = _ABOVE.sub(r"\1<sup>\2</sup>", _BELOW.sub(r"\1<sub>\2</sub>", parts[i]))
    return "".join(part for i, part in enumerate(parts) if i % 3 != 2)


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


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Every page, after Markdown, and the titles in its table of contents."""
    titles = list(page.toc)
    while titles:
        item = titles.pop()
        item.title = typeset(item.title)
        titles += item.children
    return typeset(html)
