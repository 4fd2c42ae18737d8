"""A leaderboard: one JSON file that runs of the challenge are added to, under names."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from heurex.errors import ResultsError, UsageError
from heurex.results.files import finite, write_json
from heurex.results.versions import VERSIONS

__all__ = ["SCHEMA", "add_entry", "boards", "read_leaderboard"]

SCHEMA: Final = VERSIONS["leaderboard"]


def read_leaderboard(path: str | Path) -> dict[str, Any]:
    """A leaderboard file.

    Raises
    ------
    ResultsError
        If it is missing, damaged, or of another schema.
    """
    path = Path(path)
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ResultsError(f"leaderboard {path} cannot be read ({error.strerror or error})") from None
    except ValueError:
        held = None
    if not isinstance(held, dict) or "schema" not in held:
        raise ResultsError(f"{path} is no leaderboard; expected what heurex challenge --leaderboard writes")
    if held["schema"] != SCHEMA:
        raise ResultsError(
            f"{path} has leaderboard schema {held['schema']}; this version reads schema {SCHEMA}"
        )
    entries: list[Any] = held["entries"] if isinstance(held.get("entries"), list) else [None]
    for entry in entries:
        try:
            whole = _board(entry["protocol"], entry["ensemble"]) == entry["board"] and entry["name"]
            whole = whole and all("estimator" in row and "ratio" in row for row in entry["rows"])
        except (KeyError, TypeError, AttributeError):
            whole = False
        if not whole:
            raise ResultsError(f"{path} has an entry that is damaged; expected what heurex challenge writes")
    return held


def add_entry(path: str | Path, name: str, record: dict[str, Any]) -> dict[str, Any]:
    """Add a run's rows under a name: an entry for each model and noise level.

    Parameters
    ----------
    path
        The file; it is made if it is not there.
    name
        Who enters. A name enters once on the same board, unless the rows are the same but for times.
    record
        From :func:`heurex.challenge`.

    Returns
    -------
    The leaderboard as it is now.

    Raises
    ------
    UsageError
        If the name is empty or taken.
    ResultsError
        If the file is no leaderboard or cannot be written.
    """
    path = Path(path)
    if not name.strip():
        raise UsageError("an entry has no name; expected one that is not empty")
    held: dict[str, Any] = {"schema": SCHEMA, "entries": []}
    if path.exists():
        held = read_leaderboard(path)
    for model in finite(record)["models"]:
        entry = _entry(name, record, model)
        same = [e for e in held["entries"] if e["name"] == name and e["board"] == entry["board"]]
        if same and _untimed(same[0]) != _untimed(entry):
            raise UsageError(
                f"{path} already has an entry {name!r} for {model['model']} at noise {model['noise']:g} with other "
                "rows; expected another name"
            )
        if not same:
            held["entries"].append(entry)
    write_json(held, path)
    return held


def _entry(name: str, record: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    protocol = {
        **record["protocol"],
        "copies": model["copies"],
        "noise": model["noise"],
        "truth": model["truth"]["kind"],
        "truth_samples": model["truth"]["samples"],
    }
    digest = hashlib.sha256(",".join(model["ensemble"]).encode()).hexdigest()[:16]
    keys = ("model", "model_hash", "hidden_size", "seq_len", "sample_ops")
    return {
        "name": name,
        "heurex": record["heurex"],
        "board": _board(protocol, digest),
        "protocol": protocol,
        "ensemble": digest,
        **{key: model[key] for key in keys},
        "rows": model["rows"],
    }


def _board(protocol: dict[str, Any], ensemble: str) -> str:
    """What makes results comparable: the same protocol on the same models, in a few letters."""
    text = json.dumps([protocol, ensemble], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _untimed(entry: dict[str, Any]) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if "wall" not in k} for row in entry["rows"]]


def boards(held: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Entries that may be compared with each other, together: same protocol, same models."""
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in held["entries"]:
        found.setdefault(entry["board"], []).append(entry)
    return list(found.values())
