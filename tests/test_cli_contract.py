"""What holds for every verb, whoever adds it: help with an example that is understood, and ``--json``."""

import json
import shlex

import pytest
import typer.main
from typer.core import TyperGroup

from heurex.cli import app
from heurex.cli.common import EXIT_CODES, complete_method, complete_model, split_help


def verbs(command=None, path=()):
    """Every command by its words, groups opened."""
    command = typer.main.get_command(app) if command is None else command
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from verbs(inner, (*path, name))
    else:
        yield path, command


VERBS = dict(verbs())


def docstring(command):
    return command.callback.__doc__ or ""


def parse(line):
    """A command line read as the shell and the command would, without running it."""
    words = shlex.split(line)
    assert words[0] == "heurex", line
    command, rest, context = typer.main.get_command(app), words[1:], None
    while isinstance(command, TyperGroup):
        context = command.make_context(command.name or "heurex", list(rest), parent=context)
        _, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
    return command, command.make_context(command.name, list(rest), parent=context)


def test_there_are_verbs():
    assert {("estimate",), ("zoo", "train"), ("figure", "pareto"), ("doctor",)} <= VERBS.keys()


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_every_verb_has_help_and_an_example_that_is_understood(words):
    text, examples = split_help(docstring(VERBS[words]))
    assert text
    assert "Example" not in text
    assert examples
    for example in examples:
        assert example.startswith(f"heurex {' '.join(words)}"), example
        command, context = parse(example)
        assert command.callback is VERBS[words].callback or command.name == words[-1]
        assert context.params.keys()
    shown = VERBS[words].get_help(VERBS[words].make_context(words[-1], [], resilient_parsing=True))
    for example in examples:
        assert f"Example: {example}\n" in f"{shown}\n"


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_every_verb_has_json_and_says_what_each_option_is(words):
    options = {name: option for option in VERBS[words].params for name in option.opts}
    assert "--json" in options
    for option in VERBS[words].params:
        assert getattr(option, "help", None), option.name


def test_a_wrong_example_would_be_seen():
    for line in ("heurex estimate m43 --methid exact", "heurex estimat m43", "heurex scan m43 --steps many"):
        with pytest.raises(typer.TyperException):
            parse(line)


def test_exit_codes_are_in_the_help_of_the_root():
    command = typer.main.get_command(app)
    shown = command.get_help(command.make_context("heurex", [], resilient_parsing=True))
    for code, meaning in EXIT_CODES.items():
        assert f"{code:3}  {meaning}" in shown
    assert "--install-completion" in shown


def test_completion():
    assert complete_method("o") == ["original"]
    assert "m43" in complete_model("m")
    assert complete_model("nothing") == []


def test_doctor(capsys):
    from heurex.runs.doctor import examine

    app(["doctor", "--json"], standalone_mode=False)
    found = json.loads(capsys.readouterr().out)
    assert found.keys() == examine().keys()
    assert all(found["packages"].values())
    assert found["threads"]["usable"] >= 1
    names = [part["name"] for part in found["optional"]]
    assert {"torch", "plotly", "dask", "R with mvtnorm", "python-flint", "chromium", "HEUREX_ALG_ZOO"} <= {
        *names
    }
    app(["doctor"], standalone_mode=False)
    text = capsys.readouterr().out
    assert "optional parts:" in text
    assert all(name in text for name in names)


def test_doctor_sees_what_is_missing(monkeypatch, tmp_path):
    from heurex.runs import doctor

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HEUREX_ALG_ZOO", str(tmp_path / "none"))
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    assert not any(part["found"] for part in doctor.examine()["optional"])
    (tmp_path / "a.pth").touch()
    monkeypatch.setenv("HEUREX_ALG_ZOO", str(tmp_path))
    (place,) = [part for part in doctor.examine()["optional"] if part["name"] == "HEUREX_ALG_ZOO"]
    assert place["version"] == "1 weight files"
