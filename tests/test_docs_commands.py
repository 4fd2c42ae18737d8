"""Every command that the README and the docs show is executed, as it stands or smaller; what is not is listed here.

A page is a script: its commands run in its order in one folder of their own, where lie the files that a reader would
have made by then (``_write_files``, ``GIVEN``). What makes a command small enough is one rule, ``SMALLER``: every size
that a verb takes as an option, and the levels of noise, are set to the values below, whether the page names them or
not. All else is as on the page.
"""

import re
import runpy
import shlex
import sys
from argparse import ArgumentParser
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
import typer
from test_cli_contract import VERBS, parse

from heurex.cli import app

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

SMALLER = {
    "--models": "4",
    "--copies": "2",
    "--count-ops": "1",
    "--seeds": "1",
    "--noise": "0.01",
    "--steps": "2",
    "--truth-samples": "1000",
    "--samples": "1000",
    "--draws": "50",
    "--particles": "200",
    "--moves": "3",
    "--replicates": "3",
    "--sequences": "2^12",
    "--processes": "1",
}

NOT_RUN = {
    "heurex sweep sweep.toml --out /shared/sweep --dask tcp://scheduler:8786": "needs a cluster",
    "heurex sweep sweep.toml --out out/sweep --dask local:4": "starts four processes; tests/runs/test_cluster.py does",
    "heurex surprise 2nd_argmax_2_2_1073741824_2.pth --method pieces": "reads ARC's own weights",
    "heurex selection-bits --model m43 --near 0.1 --particles 400": "gets stuck with fewer particles",
}
"""Commands that stand on a page and are only read as the command line reads them, with the reason."""

PLACEHOLDERS = {"MODEL": "m43", "SIGMA": "0.05", "NOISE": "0.05"}
"""What may stand on a page in place of a benchmark's argument."""

GIVEN = {
    "out/sweep": "sweep sweep.toml --out out/sweep --processes 1",
    "board.json": "challenge m22 --methods pieces --copies 2 --leaderboard board.json --entry mine",
    "out/zoo": "zoo train --hidden-size 2 --seq-len 2 --seeds 0 --sequences 2^12",
}
"""What some pages take for granted, and the command that makes it."""


def blocks(page, *kinds):
    """Code blocks of some kinds."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(), re.M | re.S)
    return [block for kind, block in found if kind in kinds]


def in_blocks(page, program):
    """Lines of shell blocks that call a program, comments taken off."""
    lines = "\n".join(blocks(page, "", "sh", "bash", "console")).splitlines()
    found = [line for line in lines if re.match(rf"(?:[A-Z_]+=\S* )*{program}", line)]
    return [shlex.join(shlex.split(line, comments=True)) for line in found]


def in_text(page, program):
    """The same for what stands between backquotes in the text, which may run over the end of a line."""
    text = re.sub(r"^```.*?^```\n", "", page.read_text(), flags=re.M | re.S)
    spans = [" ".join(one.split()) for one in re.findall(r"`([^`]+)`", text)]
    return [shlex.join(shlex.split(one)) for one in spans if re.match(rf"(?:[A-Z_]+=\S* )*{program}", one)]


def split(line):
    """Words for heurex, and the file that output goes to."""
    words = shlex.split(line)
    words = words[words.index("heurex") + 1 :]
    at = words.index(">") if ">" in words else len(words)
    return words[:at], next(iter(words[at + 1 :]), None)


def verb_of(words):
    """The longest verb that the words begin with."""
    for count in (2, 1):
        if tuple(words[:count]) in VERBS:
            return tuple(words[:count])
    raise AssertionError(f"heurex {shlex.join(words)}: there is no such verb")


def is_whole(words):
    """Whether the words are a command, and not only the name of a verb or an option in a sentence."""
    try:
        parse(shlex.join(["heurex", *words]))
    except typer.TyperException:
        return False
    return not any(word.isupper() for word in words)


def smaller(words):
    """The same command with every size set to what ``SMALLER`` says."""
    known = {name for option in VERBS[verb_of(words)].params for name in option.opts}
    if verb_of(words) == ("zoo", "check") and "--samples" not in words:
        known -= {"--samples"}  # there it is no size but another question
    if "--example" in words:
        known -= {"--processes"}
    return [*words, *(word for name, value in SMALLER.items() if name in known for word in (name, value))]


HEUREX = "heurex [a-z]"
ALL = [
    (page, line)
    for page in PAGES
    for line in dict.fromkeys([*in_blocks(page, HEUREX), *in_text(page, HEUREX)])
]


def _needs(line):
    """What a command needs that is not everywhere."""
    words, _ = split(line)
    if verb_of(words) in (("zoo", "train"), ("zoo", "index")):
        return "torch"
    return "ARC's weights" if any(word.startswith("alg-zoo:") for word in words) else ""


def _to_run():
    """By page what is run there; what an earlier page has, once made smaller, is run on that page only."""
    found, seen = {}, set()
    for page, line in ALL:
        words, _ = split(line)
        if is_whole(words) and line not in NOT_RUN and shlex.join(smaller(words)) not in seen:
            seen.add(shlex.join(smaller(words)))
            found.setdefault(page, []).append(line)
    return found


TO_RUN = _to_run()


@pytest.mark.parametrize("page", {page: None for page, _ in ALL}, ids=lambda page: page.name)
def test_commands_are_understood(page):
    """In blocks whole commands, as the command line reads them; in sentences verbs and options that exist."""
    for line in in_blocks(page, HEUREX):
        parse(shlex.join(["heurex", *split(line)[0]]))
    for line in in_text(page, HEUREX):
        words, _ = split(line)
        known = {name for option in VERBS[verb_of(words)].params for name in option.opts} | {"--help"}
        assert {word for word in words if word.startswith("--")} <= known, line


def test_a_wrong_command_would_be_seen():
    with pytest.raises(typer.TyperException):
        parse("heurex evaluate m43 --sigmas 0.05")
    with pytest.raises(AssertionError):
        verb_of(["evaluat", "m43"])


def test_what_is_not_run_still_stands_on_a_page():
    assert NOT_RUN.keys() <= {line for _, line in ALL}


def test_every_verb_is_run():
    assert VERBS.keys() == {verb_of(split(line)[0]) for lines in TO_RUN.values() for line in lines}


def _write_files(folder):
    """A spec, and the files whose names stand in the first line of a block."""
    (folder / "sweep.toml").write_text(
        'sigma = [0.01, 0.02]\ncopies = 4\ncount_ops = 1\nmodels = ["m22"]\nmethods = ["pieces"]\n'
    )
    for block in [block for page in PAGES for block in blocks(page, "toml", "py")]:
        name = re.match(r"# (\w+\.(?:toml|py))\n", block)
        if name:
            (folder / name[1]).write_text(re.sub(r"^copies = [\d_]+", "copies = 2", block, flags=re.M))
    (folder / "docs" / "figures").mkdir(parents=True)


def _pages(need):
    """Pages with commands that need this, as a parameter."""
    return pytest.mark.parametrize(
        "page",
        [page for page, lines in TO_RUN.items() if need in map(_needs, lines)],
        ids=lambda page: page.name,
    )


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run those commands of a page that need something, one after the other in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEUREX_TRUTH_CACHE", str(tmp_path / "cache"))
    _write_files(tmp_path)

    def run_them(page, need):
        lines = [line for line in TO_RUN[page] if _needs(line) == need]
        for name, command in GIVEN.items():
            if any(name in line for line in lines):
                with redirect_stdout(StringIO()):
                    app(shlex.split(command), standalone_mode=False)
        for line in lines:
            words, target = split(line)
            with redirect_stdout(StringIO()) as printed:
                assert app(smaller(words), standalone_mode=False) in (None, 0), line
            assert printed.getvalue(), line
            if target:
                (tmp_path / target).write_text(printed.getvalue())

    return run_them


@_pages("")
def test_commands_run(page, run):
    run(page, "")


@_pages("torch")
def test_commands_that_train_run(page, run):
    pytest.importorskip("torch", reason="PyTorch is not installed (pip install 'heurex[torch]')")
    run(page, "torch")


@_pages("ARC's weights")
@pytest.mark.usefixtures("alg_zoo")
def test_commands_on_arcs_weights_run(page, run):
    run(page, "ARC's weights")


@pytest.mark.parametrize("package", ["pandas", "polars", "duckdb"])
def test_readers_of_a_sweep_run(package, tmp_path, monkeypatch):
    """The blocks that read a sweep in two lines, wherever they stand."""
    pytest.importorskip(package, reason=f"{package} is not installed (pip install 'heurex[frames]')")
    monkeypatch.chdir(tmp_path)
    _write_files(tmp_path)
    with redirect_stdout(StringIO()):
        app(shlex.split(GIVEN["out/sweep"]), standalone_mode=False)
    found = [
        block
        for page in PAGES
        for block in blocks(page, "py")
        if re.search(rf"^import {package}$", block, re.M)
    ]
    assert found
    for block in found:
        names = {}
        exec(block, names)
        assert len(names["rows"]) == 16  # 8 noisy copies under the truth and one method
        assert {"truth", "error", "estimator"} <= set(names["rows"].columns)


def test_every_block_of_python_is_run_or_is_a_file():
    """Blocks marked py are the readers above, or a file that a command of the page names."""
    for page in PAGES:
        shell = "\n".join(blocks(page, "", "sh"))
        for block in blocks(page, "py"):
            name = re.match(r"# (\w+\.py)\n", block)
            assert (name and name[1] in shell) or re.match(r"import (pandas|polars|duckdb)\n", block), block


class _ReadError(Exception):
    """Arguments were understood."""


def _benchmarks():
    """Lines and parts of sentences that call a script of this repository."""
    for page in PAGES:
        for program in (r"python -m benchmarks\b", r"python (?:benchmarks|docs)/"):
            for line in [*in_blocks(page, program), *in_text(page, program)]:
                yield pytest.param(line, id=line)


@pytest.mark.parametrize("line", dict.fromkeys(param.values[0] for param in _benchmarks()))
def test_benchmarks_exist_and_understand_their_arguments(line, monkeypatch):
    words = [PLACEHOLDERS.get(word, word) for word in shlex.split(line)[1:]]
    read = ArgumentParser.parse_args

    def parse_only(parser, *given):
        read(parser, *given)
        raise _ReadError

    monkeypatch.setattr(ArgumentParser, "parse_args", parse_only)
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.chdir(ROOT)
    if words[0] == "-m":
        monkeypatch.setattr(sys, "argv", words[1:])
        monkeypatch.delitem(sys.modules, words[1], raising=False)  # runpy warns of a module that is there
        with pytest.raises(_ReadError):
            runpy.run_module(words[1], run_name="__main__")
    else:
        assert (ROOT / words[0]).exists()
        if words[1:]:
            monkeypatch.setattr(sys, "argv", words)
            with pytest.raises(_ReadError):
                runpy.run_path(words[0], run_name="__main__")


def test_targets_of_make_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    named = {
        word
        for page in PAGES
        for line in [*in_blocks(page, "make [a-z]"), *in_text(page, "make [a-z]")]
        for word in shlex.split(line)[1:]
    }
    assert {"reproduce", "test"} <= named <= targets
