"""The one results table: a row for each model and estimator, in Parquet.

Everything that scores or draws reads this table and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Final

from heurex._version import __version__
from heurex.errors import ResultsError
from heurex.estimators.base import Ops
from heurex.results.files import whole
from heurex.results.versions import VERSIONS

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SCHEMA_VERSION", "Row", "read_rows", "row_schema", "write_rows"]

SCHEMA_VERSION: Final = VERSIONS["results table"]


@dataclass(frozen=True)
class Row:
    """One estimate of one model; without ``wall_s`` it follows from the model and the estimator alone.

    Attributes
    ----------
    model, model_hash
        The clean model's name, and the fingerprint of these very weights.
    origin, sigma, seed, copy
        How the weights were made: ``"clean"``, ``"given"`` (number ``copy`` of those given), or ``"noisy copy"``
        number ``copy`` of a seed at noise sigma.
    hidden_size, seq_len
        d and n.
    estimator, kind, settings
        Which estimator, of what kind (see :class:`heurex.Estimator`), and its settings as JSON.
    value, numerical_error, standard_error
        The estimate and its errors; null where it does not apply, or has no such error.
    status
        ``ok``, ``not_applicable``, ``ill_conditioned`` or ``budget_reached``.
    ops_add, ops_mul, ops_div, ops_sqrt, ops_atan2
        Operations counted on this model, null where they were not.
    ops_note
        Operations by the note's cost model.
    wall_s
        Seconds of computing for this row, in batches the batch's seconds divided by its models; null where
        the table is to be the same whenever it is made.
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
    kind: str
    settings: str
    value: float | None
    numerical_error: float | None
    standard_error: float | None
    status: str
    ops_add: int | None
    ops_mul: int | None
    ops_div: int | None
    ops_sqrt: int | None
    ops_atan2: int | None
    ops_note: int | None
    wall_s: float | None

    @property
    def ops(self) -> Ops | None:
        """The operations counted on this model."""
        if self.ops_add is None:
            return None
        return Ops(*(getattr(self, f"ops_{f.name}") for f in fields(Ops)))


def row_schema() -> pa.Schema:
    """Columns of the results table, their types, and the versions in its metadata."""
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

    table = pa.Table.from_pylist([asdict(row) for row in rows], schema=row_schema())
    with whole(path) as draft:
        pq.write_table(table, draft)


def read_rows(path: Path) -> list[Row]:
    """Read a results table.

    Raises
    ------
    ResultsError
        If the file is missing, damaged, or of another schema.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not Path(path).is_file():
        raise ResultsError(f"{path} cannot be read (it does not exist); expected a results table")
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise ResultsError(
            f"{path} cannot be read as a results table ({str(error).splitlines()[0]})"
        ) from None
    found = (table.schema.metadata or {}).get(b"heurex_schema", b"none").decode()
    if found != str(SCHEMA_VERSION):
        raise ResultsError(f"{path} has results schema {found}; this version reads schema {SCHEMA_VERSION}")
    # a sweep's parts have further columns
    return [Row(**record) for record in table.select(list(Row.__annotations__)).to_pylist()]
