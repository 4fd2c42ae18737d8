"""The results table: what is written is read, whole or not at all."""

import json
import math
from dataclasses import replace

import pytest

from heurex import Ops, ResultsError
from heurex.results import SCHEMA_VERSION, Row, prepare_folder, read_rows, write_json, write_rows

ROW = Row(
    "m43", "5860f7dee8b0ea0f", "noisy copy", 0.05, 0, 7, 4, 3, "original", "explanation", "{}",
    0.9, 1e-15, None, "ok", 4000, 4000, 100, 20, 30, 71000, None,
)  # fmt: skip


def test_round_trip(tmp_path):
    rows = [ROW, replace(ROW, value=None, status="not_applicable", copy=8)]
    write_rows(rows, tmp_path / "r.parquet")
    assert read_rows(tmp_path / "r.parquet") == rows
    assert [p.name for p in tmp_path.iterdir()] == ["r.parquet"]
    assert rows[0].ops == Ops(4000, 4000, 100, 20, 30)
    assert replace(ROW, ops_add=None).ops is None


def test_pandas_like_readers_see_the_schema(tmp_path):
    import pyarrow.parquet as pq

    write_rows([ROW], tmp_path / "r.parquet")
    schema = pq.read_schema(tmp_path / "r.parquet")
    assert schema.metadata[b"heurex_schema"] == str(SCHEMA_VERSION).encode()
    assert not schema.field("model_hash").nullable
    assert schema.field("value").nullable


def test_other_files_are_refused(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "other.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(ResultsError, match="schema none; this version reads schema"):
        read_rows(path)
    path.write_bytes(b"PAR1 broken")
    with pytest.raises(ResultsError, match="cannot be read as a results table"):
        read_rows(path)
    with pytest.raises(ResultsError, match="cannot be read"):
        read_rows(tmp_path / "none.parquet")


def test_folders(tmp_path):
    assert prepare_folder(tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(ResultsError, match="is a file; expected an output folder"):
        prepare_folder(tmp_path / "file")
    with pytest.raises(ResultsError, match="cannot be written"):
        prepare_folder("/proc/heurex")
    with pytest.raises(ResultsError, match="cannot be written"):
        write_rows([ROW], tmp_path / "file" / "r.parquet")
    with pytest.raises(ResultsError, match="cannot be written"):
        write_json({}, tmp_path / "none" / "s.json")


def test_json_has_no_nan(tmp_path):
    write_json({"a": [math.nan, math.inf, 1.5], "b": (1,)}, tmp_path / "s.json")
    assert json.loads((tmp_path / "s.json").read_text()) == {"a": [None, None, 1.5], "b": [1]}
