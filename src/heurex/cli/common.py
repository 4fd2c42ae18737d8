"""What the verbs share: arguments, settings, one way to print a record."""

from __future__ import annotations

import inspect
import json
import sys
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from heurex.errors import UsageError

__all__ = [
    "EXIT_CODES",
    "JsonOption",
    "MethodOption",
    "ModelArgument",
    "SettingOption",
    "app",
    "console",
    "print_json",
    "read_settings",
    "show_examples",
    "split_help",
]

EXIT_CODES: Final = {
    0: "all went well",
    1: "a file or folder could not be used",
    2: "the command was not understood: an unknown name, a bad number",
    3: "the explanation does not apply to the model",
    70: "a mistake in heurex; HEUREX_TRACEBACK=1 shows where",
    130: "interrupted",
}
"""What the process answers with."""

app = typer.Typer(
    help="Score explanations of tiny ReLU RNNs: mechanistic accuracy estimates beside the exact truth.",
    epilog="\b\nExit codes:\n" + "\n".join(f"  {code:3}  {meaning}" for code, meaning in EXIT_CODES.items()),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def complete_model(incomplete: str) -> list[str]:
    """Names of models that begin so, for the shell; paths are left to it."""
    from heurex.zoo.listing import entries

    return [entry.name for entry in entries() if entry.name.startswith(incomplete)]


def complete_method(incomplete: str) -> list[str]:
    """Names of methods that begin so, for the shell."""
    from heurex.estimators import REGISTRY

    return [name for name in REGISTRY if name.startswith(incomplete)]


ModelArgument = Annotated[
    str,
    typer.Argument(
        help="Name (m43, zoo:4,4; see heurex zoo list) or path of a weight file.",
        autocompletion=complete_model,
    ),
]
MethodOption = Annotated[
    str, typer.Option("--method", "-m", help="See heurex methods.", autocompletion=complete_method)
]
SettingOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="A setting of the method, as name=value; may be repeated."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON record instead of text.")]


def split_help(text: str) -> tuple[str, list[str]]:
    """A verb's docstring as its help and its examples, which are lines that begin with ``Example:``."""
    lines = inspect.cleandoc(text).splitlines()
    examples = [line.removeprefix("Example:").strip() for line in lines if line.startswith("Example:")]
    return "\n".join(line for line in lines if not line.startswith("Example:")).strip(), examples


def show_examples(typer_app: typer.Typer) -> None:
    """Put every verb's examples below its options, each in a line of its own, which a shell would take."""
    for command in typer_app.registered_commands:
        if command.callback is not None and command.epilog is None:
            command.help, examples = split_help(command.help or command.callback.__doc__ or "")
            command.epilog = "\n\n".join(f"\b\nExample: {example}" for example in examples)
    for group in typer_app.registered_groups:
        if group.typer_instance is not None:
            show_examples(group.typer_instance)


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


def print_json(record: Any, name: str = "") -> None:
    """One record on standard output, or a list of them; NaN becomes null.

    Parameters
    ----------
    record
        A record that has its version already, or with a name one that has none yet.
    name
        Key of :data:`heurex.results.VERSIONS`; the version is put in front of the record, or of each in a list.
    """
    from heurex.results import finite, versioned

    if name:
        record = (
            [versioned(name, one) for one in record] if isinstance(record, list) else versioned(name, record)
        )
    print(json.dumps(finite(record), indent=2))


def console(width: int) -> Console:
    """As wide as the terminal, or as a table needs where there is none."""
    return Console(width=None if sys.stdout.isatty() else width)
