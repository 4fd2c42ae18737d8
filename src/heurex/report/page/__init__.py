"""One self-contained page about a model: the sphere of directions, and everything that is known of its accuracy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any, Final

from heurex.estimators.spec import Method
from heurex.model import Rnn
from heurex.report.page.data import page_record
from heurex.results import finite, versioned, write_text
from heurex.zoo import load

__all__ = ["page_html", "page_record", "write_page"]

_SCRIPTS: Final = ("geometry.js", "globe.js", "charts.js", "tables.js", "main.js", "sections.js")


def write_page(
    model: Rnn | str,
    out: str | Path,
    methods: Sequence[Method] | None = None,
    *,
    copies: int = 64,
    seed: int = 0,
) -> dict[str, Any]:
    """Write one self-contained HTML page about a model with n = 2 or 3; it opens from disk, without a network.

    Parameters
    ----------
    model
        A model, or a name or path for :func:`heurex.load`.
    out
        The file to write.
    methods, copies, seed
        See :func:`heurex.report.page.page_record`.

    Returns
    -------
    The record that the page shows.

    Raises
    ------
    NotApplicable
        If n is not 2 or 3, or a method that was asked for does not apply.
    ResultsError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     record = write_page("m22", Path(folder) / "page.html", ["pieces"], copies=0)
    >>> record["model"]["name"], len(record["truth"])
    ('m22', 10)
    """
    shown = load(model) if isinstance(model, str) else model
    record = versioned("report", page_record(shown, methods, copies=copies, seed=seed))
    write_text(page_html(record), Path(out))
    return record


def page_html(record: dict[str, Any]) -> str:
    """The page of a record: template, style, scripts and data in one text."""
    assets = resources.files("heurex.report.page") / "assets"
    # a "<" in the data could end the script element that holds it
    data = json.dumps(finite(record), separators=(",", ":")).replace("<", "\\u003c")
    parts = {
        "TITLE": escape(f"{record['model']['name']}: heurex report"),
        "STYLE": (assets / "page.css").read_text(encoding="utf-8"),
        "SCRIPT": "\n".join((assets / name).read_text(encoding="utf-8") for name in _SCRIPTS),
        "DATA": data,
    }
    page = (assets / "page.html").read_text(encoding="utf-8")
    for key, text in parts.items():
        page = page.replace(f"@@{key}@@", text)
    return page
