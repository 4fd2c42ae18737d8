"""A folder in which the one results table grows, part by part, so that a killed run goes on where it was."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from heurex._version import __version__
from heurex.errors import ResultsError
from heurex.results.files import prepare_folder, write_json
from heurex.results.table import SCHEMA_VERSION, Row, read_rows, write_rows

__all__ = ["MANIFEST", "Store", "claim_folder", "drop_drafts"]

MANIFEST = "manifest.json"
_TABLE, _PARTS = "results.parquet", "parts"


def claim_folder(path: str | Path, asked: dict[str, Any]) -> Path:
    """Make a folder this run's own by its manifest, or see that it already is.

    Raises
    ------
    ResultsError
        If the folder holds something else, or a run that was asked differently.
    """
    folder = prepare_folder(path)
    wanted = json.loads(json.dumps({"heurex": __version__, "schema": SCHEMA_VERSION, **asked}))
    manifest = folder / MANIFEST
    if manifest.exists():
        _require_same(manifest, wanted)
    elif any(not entry.name.startswith(".") for entry in folder.iterdir()):
        raise ResultsError(
            f"{folder} holds other files and no {MANIFEST}; expected an empty folder or one of the same run"
        )
    else:
        write_json(wanted, manifest)
    return folder


def drop_drafts(folder: Path) -> None:
    """Remove what a run that was killed while it wrote has left behind."""
    for draft in folder.glob(".*.parquet.*"):
        with contextlib.suppress(OSError):
            draft.unlink()


class Store:
    """The parts of one job's table, by number; whatever is there is whole.

    Parameters
    ----------
    path
        A folder that is empty or missing, or holds the same job.
    asked
        What makes the rows what they are, ready for JSON; kept in ``manifest.json`` with the versions.

    Raises
    ------
    ResultsError
        If the folder holds something else, or a job that was asked differently.
    """

    def __init__(self, path: str | Path, asked: dict[str, Any]) -> None:
        self.folder = claim_folder(path, asked)
        drop_drafts(self.folder)

    def _part(self, number: int) -> Path:
        return self.folder / _PARTS / f"{number:06d}.parquet"

    def add(self, number: int, rows: Sequence[Row]) -> None:
        """Keep a part, whole or not at all."""
        write_rows(rows, prepare_folder(self.folder / _PARTS) / self._part(number).name)

    def read(self, sizes: Sequence[int]) -> list[list[Row] | None]:
        """The parts that are there, each of the given number of rows; None where one is missing or damaged."""
        table = _rows_or_none(self.folder / _TABLE, sum(sizes))
        if table is None:
            return [_rows_or_none(self._part(number), size) for number, size in enumerate(sizes)]
        rows = iter(table)
        return [[next(rows) for _ in range(size)] for size in sizes]

    def finish(self, rows: Sequence[Row]) -> None:
        """Write the whole table in one file, where it is not yet, and drop its parts."""
        if _rows_or_none(self.folder / _TABLE, len(rows)) is None:
            write_rows(rows, self.folder / _TABLE)
        shutil.rmtree(self.folder / _PARTS, ignore_errors=True)


def _rows_or_none(path: Path, size: int) -> list[Row] | None:
    if not path.exists():
        return None
    try:
        rows = read_rows(path)
    except ResultsError:
        return None
    return rows if len(rows) == size else None


def _require_same(manifest: Path, wanted: dict[str, Any]) -> None:
    try:
        held = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        held = None
    if not isinstance(held, dict):
        raise ResultsError(
            f"{manifest} cannot be read as a manifest; expected an empty folder or one of the same run"
        )
    for key in {**wanted, **held}:
        if held.get(key) != wanted.get(key):
            raise ResultsError(
                f"{manifest.parent} holds a run with other {key} ({_differing(held.get(key), wanted.get(key))}); "
                f"expected an empty folder or the same run"
            )


def _differing(held: Any, wanted: Any) -> str:
    """The first place in which two values differ, for a sentence."""
    if isinstance(held, list) and isinstance(wanted, list):
        for old, new in zip(held, wanted, strict=False):
            if old != new:
                return _differing(old, new)
        return f"{len(held)} there, {len(wanted)} asked for"
    return f"{_brief(held)} there, {_brief(wanted)} asked for"


def _brief(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
