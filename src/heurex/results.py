"""The one results table: a row for each model and estimator, in Parquet.

Everything that scores or draws reads this table and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from heurex._version import __version__
from heurex.errors import ResultsError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SCHEMA_VERSION", "Row", "prepare_folder", "read_rows", "write_json", "write_rows"]

SCHEMA_VERSION: Final = 1


@dataclass(frozen=True)
class Row:
    """One estimate of one model.

    Attributes
    ----------
    model, model_hash
        The clean model's name, and the fingerprint of these very weights.
    origin, sigma, seed, copy
        How the weights were made: ``"clean"``, or ``"noisy copy"`` number ``copy`` of a seed at noise sigma.
    hidden_size, seq_len
        d and n.
    estimator, settings
        Which estimator, and its settings as JSON.
    value, numerical_error, standard_error
        The estimate and its errors; null where it does not apply, or has no such error.
    status
        ``ok``, ``not_applicable``, ``ill_conditioned`` or ``budget_reached``.
    ops_unit, ops_weighted
        Counted operations in both conventions, null where they were not counted.
    ops_note
        Operations by the note's cost model.
    wall_s
        Seconds of computing for this row; in batches the batch's seconds divided by its models.
    """

    model: str
    model_hash: str
    origin: str
    sigma: float
    seed: int
    copy: int
    hidden_size: int
    seq_len: int
    estimator: str
    settings: str
    value: float | None
    numerical_error: float | None
    standard_error: float | None
    status: str
    ops_unit: int | None
    ops_weighted: int | None
    ops_note: int | None
    wall_s: float


def _schema() -> pa.Schema:
    import pyarrow as pa

    kinds = {"str": pa.string(), "float": pa.float64(), "int": pa.int64()}
    columns = [
        pa.field(name, kinds[kind.split(" | ")[0]], nullable="None" in kind)
        for name, kind in Row.__annotations__.items()
    ]
    metadata = {"heurex_schema": str(SCHEMA_VERSION), "heurex_version": __version__}
    return pa.schema(columns, metadata=metadata)


def write_rows(rows: Iterable[Row], path: Path) -> None:
    """Write rows to one Parquet file, by way of a neighbour that is renamed when it is whole.

    Raises
    ------
    ResultsError
        If the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist([asdict(row) for row in rows], schema=_schema())
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        pq.write_table(table, draft)
        os.replace(draft, path)
    except OSError as error:
        _discard(draft)
        raise ResultsError(f"{path} cannot be written ({error.strerror or error})") from None


def _discard(draft: Path) -> None:
    with contextlib.suppress(OSError):
        draft.unlink()


def read_rows(path: Path) -> list[Row]:
    """Read a results table.

    Raises
    ------
    ResultsError
        If the file is missing, damaged, or of another schema.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise ResultsError(
            f"{path} cannot be read as a results table ({str(error).splitlines()[0]})"
        ) from None
    found = (table.schema.metadata or {}).get(b"heurex_schema", b"none").decode()
    if found != str(SCHEMA_VERSION):
        raise ResultsError(f"{path} has results schema {found}; this version reads schema {SCHEMA_VERSION}")
    return [Row(**record) for record in table.to_pylist()]


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
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(json.dumps(finite(record), indent=2) + "\n", encoding="utf-8")
        os.replace(draft, path)
    except OSError as error:
        _discard(draft)
        raise ResultsError(f"{path} cannot be written ({error.strerror or error})") from None


def finite(record: Any) -> Any:
    """The same record with NaN and infinities as None, since JSON knows neither."""
    if isinstance(record, dict):
        return {key: finite(value) for key, value in record.items()}
    if isinstance(record, (list, tuple)):
        return [finite(value) for value in record]
    if isinstance(record, float) and not math.isfinite(record):
        return None
    return record
