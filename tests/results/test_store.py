"""A folder that grows part by part: what is in it is whole, and is this job's."""

import json
from dataclasses import replace

import pytest

from heurex import ResultsError
from heurex.results import Row, Store, read_rows

ROW = Row(
    "m43", "5860f7dee8b0ea0f", "noisy copy", 0.05, 0, 0, 4, 3, "original", "explanation", "{}",
    0.9, 1e-15, None, "ok", 4000, 4000, 100, 20, 30, 71000, None,
)  # fmt: skip
ROWS = [replace(ROW, copy=i) for i in range(5)]
ASKED = {"sigma": 0.05, "methods": [{"estimator": "a"}, {"estimator": "b"}]}


def test_parts_come_back_and_become_one_table(tmp_path):
    store = Store(tmp_path / "out", ASKED)
    assert store.read([2, 3]) == [None, None]
    store.add(1, ROWS[2:])
    again = Store(tmp_path / "out", ASKED)
    assert again.read([2, 3]) == [None, ROWS[2:]]
    again.add(0, ROWS[:2])
    again.finish(ROWS)
    assert Store(tmp_path / "out", ASKED).read([2, 3]) == [ROWS[:2], ROWS[2:]]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["manifest.json", "results.parquet"]
    assert read_rows(tmp_path / "out" / "results.parquet") == ROWS


def test_damaged_parts_are_missing(tmp_path):
    store = Store(tmp_path, ASKED)
    store.add(0, ROWS[:2])
    store.add(1, ROWS[2:])
    part = tmp_path / "parts" / "000001.parquet"
    part.write_bytes(part.read_bytes()[:-50])
    assert store.read([2, 3]) == [ROWS[:2], None]
    part.write_bytes(b"")
    assert store.read([2, 3]) == [ROWS[:2], None]
    assert store.read([1, 3]) == [None, None]
    (tmp_path / "results.parquet").write_bytes(b"PAR1")
    assert store.read([2, 3]) == [ROWS[:2], None]


def test_drafts_of_a_killed_run_are_swept(tmp_path):
    Store(tmp_path, ASKED)
    (tmp_path / ".results.parquet.123").write_bytes(b"half")
    Store(tmp_path, ASKED)
    assert [p.name for p in tmp_path.iterdir()] == ["manifest.json"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sigma": 0.1}, r"other sigma \(0.05 there, 0.1 asked for\)"),
        ({"methods": [{"estimator": "a"}]}, r"other methods \(2 there, 1 asked for\)"),
        (
            {"methods": [{"estimator": "a"}, {"estimator": "c"}]},
            'other methods .*"b"} there, {"estimator": "c"} asked',
        ),
        ({"more": 1}, r"other more \(null there, 1 asked for\)"),
        ({"heurex": "0.0.0"}, 'other heurex .* there, "0.0.0" asked for'),
    ],
)
def test_another_job_is_refused(tmp_path, change, sentence):
    Store(tmp_path, ASKED).add(0, ROWS)
    with pytest.raises(ResultsError, match=sentence):
        Store(tmp_path, ASKED | change)
    assert Store(tmp_path, ASKED).read([5]) == [ROWS]


def test_other_folders_are_refused(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ResultsError, match=r"holds other files and no manifest\.json"):
        Store(tmp_path, ASKED)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "manifest.json").write_text("{")
    with pytest.raises(ResultsError, match="cannot be read as a manifest"):
        Store(tmp_path / "a", ASKED)
    with pytest.raises(ResultsError, match="is a file; expected an output folder"):
        Store(tmp_path / "thesis.tex", ASKED)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / ".DS_Store").touch()
    Store(tmp_path / "b", ASKED)
    assert json.loads((tmp_path / "b" / "manifest.json").read_text())["sigma"] == 0.05
