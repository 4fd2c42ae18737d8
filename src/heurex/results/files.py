"""Output folders and files that are whole or not there."""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
from collections.abc import Generator
from pathlib import Path
from typing import Any

from heurex.errors import ResultsError

__all__ = ["check_writable", "finite", "prepare_folder", "read_json", "whole", "write_json", "write_text"]


@contextlib.contextmanager
def whole(path: Path) -> Generator[Path]:
    """A draft to write to, which takes the path's place when it is finished and vanishes if it fails.

    Raises
    ------
    ResultsError
        If the file cannot be written.
    """
    draft = _draft(path)
    try:
        yield draft
        os.replace(draft, path)
    except OSError as error:
        raise ResultsError(f"{path} cannot be written ({error.strerror or error})") from None
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()


def check_writable(path: Path) -> None:
    """Find out that a file cannot be written now, and not after ten minutes.

    Raises
    ------
    ResultsError
        If it cannot.
    """
    if path.is_dir():
        raise ResultsError(f"{path} cannot be written (it is a folder)")
    draft = _draft(path)
    try:
        draft.touch()
        draft.unlink()
    except OSError as error:
        raise ResultsError(f"{path} cannot be written ({error.strerror or error})") from None


def _draft(path: Path) -> Path:
    # another machine's process may have the same number
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")


def prepare_folder(path: str | Path) -> Path:
    """Make an output folder, or find out now that it cannot be written.

    Raises
    ------
    ResultsError
        If it is a file, or cannot be made or written to.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".heurex-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except FileExistsError:
        raise ResultsError(f"{folder} is a file; expected an output folder") from None
    except OSError as error:
        raise ResultsError(f"output folder {folder} cannot be written ({error.strerror or error})") from None
    return folder


def write_json(record: Any, path: Path) -> None:
    """Write a summary as JSON, by way of a renamed neighbour; NaN becomes null."""
    write_text(json.dumps(finite(record), indent=2) + "\n", path)


def read_json(path: Path) -> Any:
    """A JSON file that heurex wrote.

    Raises
    ------
    ResultsError
        If it is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ResultsError(f"{path} cannot be read ({error.strerror or error})") from None
    except ValueError as error:
        raise ResultsError(f"{path} cannot be read as JSON ({error})") from None


def write_text(text: str, path: Path) -> None:
    """Write a text file whole or not at all."""
    with whole(path) as draft:
        draft.write_text(text, encoding="utf-8")


def finite(record: Any) -> Any:
    """The same record with NaN and infinities as None, since JSON knows neither."""
    if isinstance(record, dict):
        return {key: finite(value) for key, value in record.items()}
    if isinstance(record, (list, tuple)):
        return [finite(value) for value in record]
    if isinstance(record, float) and not math.isfinite(record):
        return None
    return record
