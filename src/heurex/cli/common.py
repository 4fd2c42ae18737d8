"""What the verbs share: arguments, settings, one way to print a record."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console

from heurex.errors import UsageError

__all__ = [
    "JsonOption",
    "MethodOption",
    "ModelArgument",
    "SettingOption",
    "app",
    "console",
    "print_json",
    "read_settings",
]

app = typer.Typer(
    help="Score explanations of tiny ReLU RNNs: mechanistic accuracy estimates beside the exact truth.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ModelArgument = Annotated[
    str, typer.Argument(help="Name (m43, zoo:4,4; see heurex zoo list) or path of a weight file.")
]
MethodOption = Annotated[str, typer.Option("--method", "-m", help="exact, original, symmetric or sampling.")]
SettingOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="A setting of the method, as name=value; may be repeated."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON record instead of text.")]


def read_settings(pairs: list[str] | None) -> dict[str, Any]:
    """Settings from ``name=value`` pairs; values are JSON where they can be, else text."""
    settings: dict[str, Any] = {}
    for pair in pairs or []:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise UsageError(
                f"--set {pair!r} is not understood; expected name=value, such as latent_prob=0.3"
            )
        try:
            settings[name] = json.loads(text)
        except ValueError:
            settings[name] = text
    return settings


def print_json(record: Any) -> None:
    """One record on standard output; NaN becomes null."""
    from heurex.results import finite

    print(json.dumps(finite(record), indent=2))


def console(width: int) -> Console:
    """As wide as the terminal, or as a table needs where there is none."""
    return Console(width=None if sys.stdout.isatty() else width)
