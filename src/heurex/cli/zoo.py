"""Verbs about many models: zoo train."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from heurex.cli.common import app
from heurex.errors import UsageError

if TYPE_CHECKING:
    from heurex.zoo.train import Progress

zoo = typer.Typer(
    help="The models of the family: list them, compare them with AlgZoo's, train more.",
    no_args_is_help=True,
)
app.add_typer(zoo, name="zoo")


def read_count(what: str, text: str) -> int:
    """A whole number, which may be written as a power: ``2^27``."""
    found = re.fullmatch(r"(\d{1,15})(?:(?:\^|\*\*)(\d{1,2}))?", text.replace("_", ""))
    if found is None:
        raise UsageError(f"{what} {text!r} is not understood; expected a whole number such as 2^27")
    base, power = found.groups()
    return int(base) ** int(power or 1)


def read_seeds(text: str) -> list[int]:
    """Whole numbers and ranges, ``0-4`` or ``0,2,7-9``."""
    seeds: list[int] = []
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d{1,18})(?:-(\d{1,18}))?\s*", part)
        if found is None:
            raise UsageError(f"--seeds {text!r} is not understood; expected such as 0-4 or 0,2,7")
        first, last = int(found[1]), int(found[2] or found[1])
        if not first <= last < first + 1000:
            raise UsageError(f"--seeds {text!r} has the range {part!r}; expected 1 to 1,000 seeds in order")
        seeds += range(first, last + 1)
    return seeds


@zoo.command()
def train(
    hidden_size: Annotated[int, typer.Option(help="Number d of hidden neurons.")],
    seq_len: Annotated[int, typer.Option(help="Number n of inputs.")],
    seeds: Annotated[str, typer.Option(help="Seeds, trained side by side: 0-4 or 0,2,7.")] = "0-4",
    sequences: Annotated[str, typer.Option(help="Length of the schedule; AlgZoo's is 2^30.")] = "2^27",
    stop_after: Annotated[
        str, typer.Option(help="Stop here, at a checkpoint of the longer schedule; go on by a later call.")
    ] = "",
    task: Annotated[str, typer.Option(help="What is asked.")] = "2nd_argmax",
    out: Annotated[Path, typer.Option(help="Folder for weights.")] = Path("out/zoo"),
    save_every: Annotated[float, typer.Option(help="Seconds between two states on disk.")] = 10.0,
) -> None:
    """Train models by AlgZoo's recipe; the same call goes on where a killed one stopped.

    Example: heurex zoo train --hidden-size 4 --seq-len 3 --seeds 0-4 --sequences 2^27
    """
    from heurex.results import prepare_folder
    from heurex.zoo.recipe import Recipe
    from heurex.zoo.train import train as run_it

    recipe = Recipe(hidden_size, seq_len, read_count("--sequences", sequences), task)
    goal = read_count("--stop-after", stop_after) if stop_after else None
    listed = read_seeds(seeds)
    folder = prepare_folder(out)
    with _progress_bar() as bar:
        bar_task = bar.add_task("starting", total=None)

        def show(now: Progress) -> None:
            losses = f"loss {now.loss.min():.4f} to {now.loss.max():.4f}"
            accuracies = f"accuracy {100 * now.accuracy.min():.1f} to {100 * now.accuracy.max():.1f}%"
            bar.update(
                bar_task, description=f"{losses}, {accuracies}", total=now.goal, completed=now.sequences
            )

        try:
            files = run_it(recipe, listed, folder, stop_after=goal, save_every_s=save_every, report=show)
        except KeyboardInterrupt:
            bar.console.print("heurex: interrupted; the same command goes on from the last state")
            raise typer.Exit(130) from None
    for path in files:
        print(path)


def _progress_bar() -> Any:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
