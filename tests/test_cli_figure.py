"""heurex figure: what it writes, and what it refuses before the work."""

import json

import pytest

import heurex
from heurex.cli import app
from heurex.errors import NotApplicable, ResultsError, UsageError


def figure(*arguments):
    return app(["figure", *map(str, arguments)], standalone_mode=False)


def test_from_folders(tmp_path, capsys):
    heurex.evaluate("m22", ["pieces", "exact"], sigma=0.01, models=4, count_ops=1, out=tmp_path / "front")
    figure("pareto", "--from", tmp_path / "front", "--out", tmp_path / "p.pdf", "--json")
    record = json.loads(capsys.readouterr().out)
    assert record["bytes"] == (tmp_path / "p.pdf").stat().st_size
    assert record["methods"] == ["pieces", "exact"]
    assert (tmp_path / "p.pdf").read_bytes().startswith(b"%PDF")
    with pytest.raises(UsageError, match="no models of the size 4,3; expected --size 2,2"):
        figure("pareto", "--from", tmp_path / "front", "--size", "4,3", "--out", tmp_path / "x.pdf")
    with pytest.raises(UsageError, match="expected d,n such as 4,3"):
        figure("pareto", "--from", tmp_path / "front", "--size", "four", "--out", tmp_path / "x.pdf")
    with pytest.raises(UsageError, match="no results of heurex reproduce"):
        figure("figure1", "--from", tmp_path / "front", "--out", tmp_path / "x.pdf")
    (tmp_path / "summary.json").write_text("[1]")
    with pytest.raises(UsageError, match="no results of heurex evaluate"):
        figure("pareto", "--from", tmp_path, "--out", tmp_path / "x.pdf")
    (tmp_path / "summary.json").write_text("{")
    with pytest.raises(ResultsError, match="cannot be read as JSON"):
        figure("pareto", "--from", tmp_path, "--out", tmp_path / "x.pdf")
    with pytest.raises(ResultsError, match="cannot be read"):
        figure("pareto", "--from", tmp_path / "none", "--out", tmp_path / "x.pdf")
    assert not (tmp_path / "x.pdf").exists()


def test_figure_1_of_a_model(tmp_path, capsys):
    figure("figure1", "--models", "3", "--out", tmp_path / "f.svg", "--json")
    assert json.loads(capsys.readouterr().out)["rows"] == 3 * (3 + 1)
    assert "exact accuracy" in (tmp_path / "f.svg").read_text()
    with pytest.raises(NotApplicable, match="d = 4 and n = 3"):
        figure("figure1", "m22", "--out", tmp_path / "x.svg")


def test_a_bad_place_is_refused_before_the_work(tmp_path):
    with pytest.raises(UsageError, match="suffix"):
        figure("zoo", "--out", tmp_path / "zoo.txt")
    with pytest.raises(ResultsError, match="there is no folder"):
        figure("ledger", "--out", tmp_path / "none" / "zoo.pdf")
