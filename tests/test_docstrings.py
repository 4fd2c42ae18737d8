"""Docstrings of public names: sections in order, every parameter described, and the facts that a number needs."""

import inspect
import re
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path

import pytest

import heurex

SRC = Path(heurex.__file__).parent
SECTIONS = ("Parameters", "Attributes", "Returns", "Yields", "Raises", "Notes", "Examples")

NUMBERS = {
    "cone_fraction",
    "cone_measure",
    "confusion",
    "count_right",
    "linear_pieces",
    "sampled_accuracy",
    "selection_bits",
    "selection_bits_near",
    "standardise",
    "true_contributions",
}
"""Functions that compute numbers themselves: their docstrings say how far off these are and what they cost."""

FORMULAS = {
    "canonical_order",
    "cone_fraction",
    "cone_measure",
    "confusion",
    "linear_pieces",
    "noisy_copies",
    "reproduce",
    "selection_bits",
    "standardise",
    "surprise",
}
"""Functions whose result follows from a formula or a definition: they say whose."""


def sections(text):
    """The parts of a docstring under their titles, in order."""
    parts = re.split(r"^([A-Z][a-z]+)\n-+\n", inspect.cleandoc(text or ""), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def described(part):
    """Names at the beginning of a line, several between commas, each followed by an indented text."""
    lines = part.rstrip().splitlines()
    names = []
    for line, after in zip(lines, [*lines[1:], ""], strict=False):
        if line and not line.startswith(" "):
            assert after.startswith("    "), f"{line!r} has no text below it"
            names += [name.strip().lstrip("*") for name in line.split(",")]
    return names


def parameters(value):
    """What a function takes, or what a dataclass holds."""
    if inspect.isclass(value):
        return [one.name for one in fields(value) if not one.name.startswith("_") and one.init]
    return [name for name in inspect.signature(value).parameters if not name.startswith("_")]


def faults(value):
    """What is wrong with the form of a docstring, in sentences."""
    text = value.__doc__ or ""
    found = sections(text)
    wrong = [] if re.match(r"\s*\S", text) else ["it is empty"]
    if [title for title in SECTIONS if title in found] != list(found):
        wrong.append(f"its sections are {', '.join(found)}")
    named = described(found.get("Parameters", "")) + described(found.get("Attributes", ""))
    if named and (inspect.isfunction(value) or is_dataclass(value)):
        wrong += [f"{name} is described and not there" for name in set(named) - set(dir_of(value))]
        wrong += [f"{name} is not described" for name in set(parameters(value)) - set(named)]
    return wrong


def dir_of(value):
    """Everything that a docstring may describe."""
    if not inspect.isclass(value):
        return parameters(value)
    return [*parameters(value), *(name for name in dir(value) if not name.startswith("_"))]


def public():
    """Functions and classes in ``__all__`` of every module that is no kernel, with their modules."""
    for path in sorted(SRC.rglob("*.py")):
        text = path.read_text()
        if "KERNEL = True" in text or "__all__" not in text or path.stem == "batched":
            continue
        name = ".".join(["heurex", *path.relative_to(SRC).with_suffix("").parts]).removesuffix(".__init__")
        module = import_module(name)
        for one in module.__all__:
            value = getattr(module, one)
            if (inspect.isfunction(value) or inspect.isclass(value)) and value.__module__ == name:
                yield pytest.param(value, id=f"{name}.{one}")


NAMES = [name for name in heurex.__all__ if name != "__version__"]
FUNCTIONS = [name for name in NAMES if inspect.isfunction(getattr(heurex, name))]


@pytest.mark.parametrize("value", [*public()])
def test_form(value):
    assert faults(value) == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_public_functions_describe_everything(name):
    value = getattr(heurex, name)
    found = sections(value.__doc__)
    assert set(described(found.get("Parameters", ""))) == set(parameters(value))
    assert "Returns" in found
    assert ">>> " in found.get("Examples", "")
    if name in NUMBERS:
        assert re.search(r"\bError: |\berror\b", found.get("Notes", "") + found["Returns"]), "no error"
        assert "Cost: " in found.get("Notes", ""), "no cost"
    if name in FORMULAS:
        assert "Source: " in found.get("Notes", ""), "no source"


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(FUNCTIONS)))
def test_public_classes_describe_their_fields(name):
    value = getattr(heurex, name)
    found = sections(value.__doc__)
    if is_dataclass(value) and not inspect.isabstract(value):
        assert set(parameters(value)) <= set(
            described(found.get("Parameters", "") + "\n" + found.get("Attributes", ""))
        )


def test_a_fault_would_be_seen():
    def good(a, b):
        """A sum.

        Parameters
        ----------
        a, b
            Numbers.

        Returns
        -------
        Their sum.
        """

    assert faults(good) == []
    text = good.__doc__
    swapped = text.replace("Returns", "Notes\n        -----\n        None.\n\n        Returns")
    for bad in ("", text.replace("a, b", "a"), text.replace("a, b", "a, b, c"), swapped):
        good.__doc__ = bad
        assert faults(good) != [], bad
