"""docs/schemas.md says what is written: no field more, none less."""

import re
from dataclasses import fields
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import heurex
from heurex.report.ledger import ledger_record
from heurex.report.records import attribution_record, estimate_record
from heurex.results import SCHEMA_VERSION, Row, read_rows
from heurex.scoring.surprise import Entry

PAGE = (Path(__file__).parent.parent / "docs" / "schemas.md").read_text()


def section(title):
    found = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##|\Z)", PAGE, re.M | re.S)
    assert found, title
    return found[1]


def documented(title):
    """Names in the first column of a section's table."""
    rows = re.findall(r"^\| (`.*?) \|", section(title), re.M)
    return [name for row in rows for name in re.findall(r"`(\w+)`", row)]


@pytest.fixture(scope="module")
def m22():
    return heurex.load("m22")


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    folder = tmp_path_factory.mktemp("schemas") / "front"
    return folder, heurex.evaluate("m22", ["pieces"], sigma=0.01, models=2, count_ops=1, out=folder).record


def test_results_table(front):
    title = f"Results table, schema {SCHEMA_VERSION}"
    schema = pq.read_schema(front[0] / "results.parquet")
    assert documented(title) == schema.names == [f.name for f in fields(Row)]
    assert schema.metadata[b"heurex_schema"] == str(SCHEMA_VERSION).encode()
    kinds = {"text": "string", "float": "double", "integer": "int64"}
    for names, kind in re.findall(r"^\| (`.*?) \| ([\w, ]+) \|", section(title), re.M):
        for name in re.findall(r"`(\w+)`", names):
            field = schema.field(name)
            assert str(field.type) == kinds[kind.split(",")[0]], name
            assert field.nullable == ("null" in kind), name
    statuses = set(re.findall(r"`(\w+)`", re.search(r"^\| `status` .*", section(title), re.M)[0])) - {
        "status"
    }
    assert {str(status) for status in heurex.Status} == statuses
    assert len(read_rows(front[0] / "results.parquet")) > 0


def test_evaluate(front):
    record = front[1]
    assert sorted(documented("evaluate: summary.json and --json, version 1")) == sorted(record)
    assert sorted(documented("rows")) == sorted(record["rows"][0])
    assert sorted(documented("groups")) == sorted(record["groups"][0])


def test_estimate(m22):
    found = heurex.estimate(m22, "pieces")
    record = estimate_record(m22, found, heurex.estimate(m22))
    assert sorted(documented("estimate --json, version 1")) == sorted(record)
    line = re.search(r"^\| `checks`, .*", section("estimate --json, version 1"), re.M)[0]
    assert re.findall(r"`(\w+)`", line)[2:] == list(record["checks"][0])


def test_surprise(m22):
    record = ledger_record(heurex.surprise(m22, "pieces", residual="per-observation"))
    assert sorted(documented("surprise --json, version 1")) == sorted(record)
    line = re.search(r"^\| `entries` .*", section("surprise --json, version 1"), re.M)[0]
    assert re.findall(r"`(\w+)`", line)[1:] == [f.name for f in fields(Entry)]


def test_explain(m22):
    record = attribution_record(m22, "pieces", heurex.attribute(m22, "pieces"))
    assert sorted(documented("explain --json, version 1")) == sorted(record)
    line = re.search(r"^\| `cells` .*", section("explain --json, version 1"), re.M)[0]
    assert re.findall(r"`(\w+)`", line)[1:] == list(record["cells"][0])
