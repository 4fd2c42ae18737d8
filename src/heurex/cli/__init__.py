"""The command line: each verb calls one public function and prints what it returns.

Exit codes are in :data:`heurex.cli.common.EXIT_CODES`. A verb's docstring is its help; lines in it that begin with
``Example:`` are shown below its options, and tests read them.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Annotated, Any, Final

import typer

from heurex._version import __version__
from heurex.cli.common import app, show_examples
from heurex.errors import HeurexError, NotApplicable, UsageError

__all__ = ["app", "main"]

VERBS: Final = (
    "explain",
    "evaluate",
    "sweep",
    "challenge",
    "surprise",
    "selection",
    "reproduce",
    "figure",
    "report",
    "zoo",
    "doctor",
)
"""Modules of this package whose verbs the command line offers, in the order of its help."""


def _version(wanted: bool) -> None:
    if wanted:
        print(f"heurex {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    pass


for _module in VERBS:
    import_module(f"heurex.cli.{_module}")
show_examples(app)


def main() -> None:
    """Run the command line; every refusal is one sentence on standard error."""
    code = 0
    try:
        code = app(standalone_mode=False) or 0
        if code == 130:  # typer answers an interruption with a number only
            raise KeyboardInterrupt
    except typer.Exit as stop:
        code = stop.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = _say("interrupted; nothing was written", 130)
    except typer.TyperException as problem:
        show: Any = getattr(problem, "show", None)
        code = getattr(problem, "exit_code", 2)
        if show is None:
            _say(str(problem), code)
        else:
            show()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except NotApplicable as problem:
        code = _say(str(problem), 3)
    except UsageError as problem:
        code = _say(str(problem), 2)
    except HeurexError as problem:
        code = _say(str(problem), 1)
    except Exception as bug:
        # nobody is shown a traceback who did not ask for one
        if os.environ.get("HEUREX_TRACEBACK"):
            raise
        code = _say(f"a mistake in heurex ({type(bug).__name__}: {bug}); HEUREX_TRACEBACK=1 shows where", 70)
    sys.exit(code if isinstance(code, int) else 0)


def _say(sentence: str, code: int) -> int:
    print(f"heurex: {sentence}", file=sys.stderr)
    return code
