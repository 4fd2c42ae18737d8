"""docs/schemas.md says what is written by every verb: no field more, none less, each of its type."""

import io
import json
import re
from contextlib import redirect_stdout
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from test_cli_contract import VERBS

import heurex
from heurex.cli import app
from heurex.results import SCHEMA_VERSION, VERSIONS, Row, finite, read_rows
from heurex.results.dataset import dataset_schema

PAGE = (Path(__file__).parent.parent / "docs" / "schemas.md").read_text()

SPEC = 'sigma = [0.0, 0.01]\ncopies = 4\ncount_ops = 1\nmodels = ["m22"]\nmethods = ["pieces"]\n'

# Every verb in commands so small that they take a second at most once kernels are compiled. They run in this order in
# one folder, and later ones read what earlier ones wrote.
COMMANDS = {
    ("estimate",): ["m43 --method original", "zoo:4,4 --method sampling --set samples=1000"],
    ("cells",): ["m43 --method original", "m22 --method exact"],
    ("explain",): ["m43", "m22 --method pieces"],
    ("methods",): [""],
    ("scan",): ["m43 --steps 2 --models 4"],
    ("evaluate",): [
        "m43 --methods original,symmetric,sampling?samples=64,sampling?design=antithetic&samples=64 --sigma 0.2 "
        "--models 8 --count-ops 1 --out front",
        "m22 --methods pieces --sigma 0.01 --models 4 --count-ops 1 --convention unit",
    ],
    ("sweep",): ["sweep.toml --out sweep --processes 1"],
    ("summarise",): ["sweep", "sweep --by size"],
    ("challenge",): [
        "m22 --methods pieces,sampling?samples=50 --estimator own.py:own --copies 3 --count-ops 1 --out challenge "
        "--leaderboard board.json --entry a",
        "zoo:16,10 --methods symmetric --copies 2 --truth-samples 1000 --leaderboard board.json --entry b",
        "m22 --noise-scan --copies 3 --out noise",
    ],
    ("leaderboard",): ["board.json"],
    ("surprise",): ["m22 --method pieces --residual per-observation", "m22 --method exact --models 4"],
    ("surprise-tables",): ["--draws 50 --dimensions 2"],
    ("selection-bits",): [
        "--model m22 --scale 2 --bundled",
        "--hidden-size 2 --seq-len 2 --accuracy 0.6 --samples 2000",
        "--hidden-size 2 --seq-len 2 --accuracy 0.9 --method splitting --particles 200 --moves 3 --replicates 3",
    ],
    ("reproduce",): ["--models 2 --out reproduced"],
    ("report",): ["m22 --copies 2", "m22 --copies 0"],
    ("doctor",): [""],
    ("figure", "figure1"): ["--from reproduced --out figure1.png"],
    ("figure", "pareto"): ["--from front --out pareto.png"],
    ("figure", "ledger"): ["m22 --method pieces --models 4 --out ledger.png"],
    ("figure", "zoo"): ["--out zoo.png"],
    ("figure", "sphere"): ["m43 --out sphere.png"],
    ("zoo", "list"): [""],
    ("zoo", "check"): ["", "--samples 1000"],
    ("zoo", "train"): ["--hidden-size 2 --seq-len 2 --seeds 0 --sequences 2^12 --out zoo"],
    ("zoo", "index"): ["zoo --samples 1000"],
}

TRAINED = (("zoo", "train"), ("zoo", "index"))
"""Verbs that need PyTorch, or what a verb that needs it wrote."""

# Files, by the table that describes them.
FILES = {
    "heurex evaluate --json": ["front/summary.json"],
    "manifest.json of evaluate and challenge": ["front/manifest.json", "challenge/m22-*/manifest.json"],
    "timings.json of evaluate": ["front/timings.json"],
    "manifest.json of sweep": ["sweep/manifest.json", "own/manifest.json"],
    "heurex challenge --json": ["challenge/challenge.json"],
    "heurex challenge --noise-scan --json": ["noise/noise.json"],
    "heurex leaderboard --json": ["board.json"],
    "heurex reproduce --json": ["reproduced/summary.json"],
    "index.json of zoo index": ["zoo/index.json"],
    "counts of a truth": ["cache/*.json"],
}

# Keys of VERSIONS whose table has another title than "heurex KEY --json".
TITLES = {
    "results table": "Results table",
    "timings": "timings.json of evaluate",
    "index": "index.json of zoo index",
    "counts of a truth": "counts of a truth",
}


def section(title):
    found = re.search(rf"^##+ {re.escape(title)}(?:, schema (\d+))?\n(.*?)(?=^##|\Z)", PAGE, re.M | re.S)
    assert found, f"docs/schemas.md has no table of {title}"
    return found[2], found[1]


def table(title):
    """The fields of a section with their types; those of a part that it refers to are put in place."""
    found = {}
    for names, kind in re.findall(r"^\| (`.*?) \| (.*?) \|", section(title)[0], re.M):
        plain, _, part = kind.partition(", as [")
        for name in re.findall(r"`([^`]+)`", names):
            assert name not in found, (title, name)
            found[name] = plain
            if part:
                found |= {f"{name}.{inner}": one for inner, one in table(part.partition("]")[0]).items()}
    return found


def title_of(words, options):
    """The most special table for a command: with its option, else for the verb, else for its group."""
    special = [option for option in ("--noise-scan", "--samples") if option in options.split()]
    names = [" ".join([*words, option]) for option in special] + [" ".join(words), words[0]]
    for name in names:
        if name in VERSIONS:
            return f"heurex {name} --json"
    raise AssertionError(f"{' '.join(words)}: its record has no version in heurex.results.versions")


SCALARS = {"text": (str,), "integer": (int,), "number": (int, float), "true or false": (bool,)}


def fits(value, kind):
    """Whether a value is of a type as the page writes it."""
    kind = kind.removesuffix(", or absent")
    if value is None:
        return kind.endswith(", null")
    kind = kind.removesuffix(", null")
    if kind == "data":
        return True
    if kind in ("record", "map", "records by name"):
        return isinstance(value, dict)
    if kind == "records":
        return isinstance(value, list) and all(isinstance(one, dict) for one in value)
    if kind in ("texts", "integers", "numbers"):
        return isinstance(value, list) and all(one is None or fits(one, kind[:-1]) for one in value)
    return isinstance(value, SCALARS[kind]) and (kind == "true or false" or not isinstance(value, bool))


def compare(record, known, path, seen):
    """Walk a record beside the page; what is wrong, in sentences."""
    wrong = []
    for name in [name for name in known if re.fullmatch(re.escape(path) + r"\w+", name)]:
        if not known[name].endswith("or absent") and name[len(path) :] not in record:
            wrong.append(f"{name} is on the page and was not written")
    for key, value in record.items():
        name = path + key
        if name not in known:
            wrong.append(f"{name} was written and is not on the page")
            continue
        seen.add(name)
        if not fits(value, known[name]):
            wrong.append(f"{name} is {value!r:.40}, on the page: {known[name]}")
        elif known[name].startswith("records by name"):
            for inner in value.values():
                wrong += compare(inner, known, f"{name}.*.", seen)
        elif known[name].startswith("record") and value is not None:
            for inner in value if isinstance(value, list) else [value]:
                wrong += compare(inner, known, f"{name}{'[]' * isinstance(value, list)}.", seen)
    return wrong


def written_in(folder):
    """What every command printed, and the files that it wrote, by the title of their table."""
    (folder / "sweep.toml").write_text(SPEC)
    (folder / "own.py").write_text("def own(model):\n    return 0.9\n")
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HEUREX_TRUTH_CACHE", str(folder / "cache"))
        for words, commands in COMMANDS.items():
            if words in TRAINED and find_spec("torch") is None:
                continue
            for options in commands:
                with redirect_stdout(io.StringIO()) as printed:
                    app([*words, *options.split(), "--json"], standalone_mode=False)
                record = json.loads(printed.getvalue())
                found.setdefault(title_of(words, options), []).extend(
                    record if isinstance(record, list) else [record]
                )
        # functions come in from Python only
        own = heurex.External(lambda model: 0.9, "own", ops=1)
        evaluated = heurex.evaluate("m22", [own], models=2, count_ops=0).record
        found["heurex evaluate --json"].append(json.loads(json.dumps(finite(evaluated))))
        heurex.sweep(
            {"models": ["m22"], "sigma": [0.0], "methods": [own], "count_ops": 0}, "own", processes=1
        )
    for title, patterns in FILES.items():
        for pattern in patterns:
            if pattern.startswith("zoo/") and find_spec("torch") is None:
                continue
            paths = list(folder.glob(pattern))
            assert paths, pattern
            found.setdefault(title, []).extend(json.loads(path.read_text()) for path in paths)
    return found


def test_every_verb_is_tried_here():
    assert COMMANDS.keys() == VERBS.keys()


def test_records_are_as_the_page_says(tmp_path):
    """All in one test: what is written is made once, whatever the number of processes that test."""
    for title, records in written_in(tmp_path).items():
        known, seen, wrong = table(title), set(), []
        for record in records:
            wrong += compare(record, known, "", seen)
            assert record["schema"] == int(section(title)[1]), title
        assert sorted(set(wrong)) == [], title
        assert sorted(known.keys() - seen) == [], f"{title}: on the page, and never written in these commands"


def test_versions_on_the_page_are_those_in_the_code():
    for name, version in VERSIONS.items():
        assert section(TITLES.get(name, f"heurex {name} --json"))[1] == str(version), name
    titles = re.findall(r"^## (.*), schema \d+$", PAGE, re.M)
    versioned = {TITLES.get(name, f"heurex {name} --json") for name in VERSIONS}
    assert {title for title in titles if not title.startswith("manifest.json")} == versioned


def test_a_field_too_many_too_few_or_of_another_type_would_be_seen():
    known = {"a": "number, null", "b": "records", "b[].c": "integer", "d": "text, or absent"}
    assert compare({"a": None, "b": [{"c": 1}]}, known, "", set()) == []
    assert len(compare({"a": 1.0, "b": [{"c": 1, "e": 2}]}, known, "", set())) == 1
    assert len(compare({"b": [{}]}, known, "", set())) == 2
    assert len(compare({"a": True, "b": [{"c": 1.5}], "d": None}, known, "", set())) == 3


def test_results_table(tmp_path):
    title = "Results table"
    heurex.evaluate("m22", ["pieces"], sigma=0.01, models=2, count_ops=1, out=tmp_path / "front")
    assert section(title)[1] == str(SCHEMA_VERSION)
    folder = tmp_path / "front"
    schema = pq.read_schema(folder / "results.parquet")
    kinds = table(title)
    assert [*kinds] == schema.names == [f.name for f in fields(Row)]
    assert schema.metadata[b"heurex_schema"] == str(SCHEMA_VERSION).encode()
    arrow = {"text": "string", "float": "double", "integer": "int64"}
    for name, kind in kinds.items():
        field = schema.field(name)
        assert str(field.type) == arrow[kind.split(",")[0]], name
        assert field.nullable == ("null" in kind), name
    statuses = set(re.findall(r"`(\w+)`", re.search(r"^\| `status` .*", section(title)[0], re.M)[0]))
    assert {str(status) for status in heurex.Status} == statuses - {"status"}
    assert len(read_rows(folder / "results.parquet")) > 0
    assert set(dataset_schema().names) == {*schema.names, "truth", "error"}
