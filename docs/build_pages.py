"""Pages that are made from the code: the command line and the public names.

Run ``python docs/build_pages.py`` from the repository root; a test fails where a page is not what this makes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer.main
from typer.core import TyperGroup

import heurex
from heurex.cli import app
from heurex.cli.common import EXIT_CODES, split_help

__all__ = ["PAGES", "api_page", "command_line_page"]

HERE = Path(__file__).parent

API = {
    "Models": ("load", "Rnn", "RnnStack", "rnn_from_module", "rnn_from_state_dict", "standardise", "canonical_order"),
    "Estimates": (
        "estimate", "Estimate", "Estimator", "External", "Cell", "Check", "Ops", "Status", "read_methods",
        "linear_pieces", "sampled_accuracy", "Sampled", "count_right",
    ),
    "Cones": ("cone_fraction", "cone_measure", "ConeMeasure"),
    "Errors of estimates": (
        "noisy_copies", "score", "Score", "compare", "Comparison", "evaluate", "Evaluation", "reproduce",
        "Reproduction", "write_page",
        "attribute", "Attribution", "true_contributions", "scan", "Scan", "confusion", "Confusion",
    ),
    "Bits": (
        "surprise", "Ledger", "Entry", "selection_bits", "selection_bits_near", "bundled_selection_bits",
        "SelectionBits",
    ),
    "Ways to say no": ("HeurexError", "ModelError", "ConeError", "NotApplicable", "ResultsError", "UsageError"),
}  # fmt: skip


def api_page() -> str:
    """All public names by subject; those that no subject names come last."""
    named = {name for names in API.values() for name in names}
    more = [name for name in heurex.__all__ if name not in named and name != "__version__"]
    parts = ["# Python", "", "Every name here is `heurex.name`; it is loaded when it is first used.", ""]
    for title, names in {**API, **({"More": tuple(more)} if more else {})}.items():
        parts += [f"## {title}", ""]
        for name in names:
            value = getattr(heurex, name)
            parts += [f"::: {value.__module__}.{name}", ""]
    return "\n".join(parts)


def _verbs(command: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    if isinstance(command, TyperGroup):
        return [one for name, inner in command.commands.items() for one in _verbs(inner, (*path, name))]
    return [(path, command)]


def _option(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    if option.param_type_name == "argument":
        names = f"`{option.name.upper()}`"
    default = option.default
    shown = default not in (None, False, [], ()) and not callable(default) and not option.required
    said = (getattr(option, "help", "") or "").replace("|", "\\|").replace("<", "&lt;")
    return f"| {names} | {said}{f' Default: `{default}`.' if shown else ''}{' Required.' if option.required else ''} |"


def command_line_page() -> str:
    """Every verb: what it does, its options, its examples."""
    parts = [
        "# Command line", "",
        "Every verb takes `--help` and `--json`, which prints one JSON record in place of text. "
        "`heurex --install-completion` teaches the shell verbs, options, models and methods.", "",
        "## Exit codes", "", "| code | meaning |", "|---|---|",
        *(f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()), "",
    ]  # fmt: skip
    for words, command in _verbs(typer.main.get_command(app)):
        text, examples = split_help(command.callback.__doc__ or "")
        parts += [
            f"## heurex {' '.join(words)}",
            "",
            text.replace("{", "\\{"),
            "",
            "```",
            *examples,
            "```",
            "",
        ]
        parts += ["| option | meaning |", "|---|---|"]
        parts += [_option(option) for option in command.params if option.name != "help"]
        parts.append("")
    return "\n".join(parts)


PAGES = {"command-line.md": command_line_page, "api.md": api_page}

if __name__ == "__main__":
    for name, make in PAGES.items():
        (HERE / name).write_text(make())
