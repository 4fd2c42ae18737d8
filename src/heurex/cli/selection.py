"""The verb about optimisation: selection-bits."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console

from heurex.cli.common import JsonOption, app, print_json
from heurex.errors import UsageError


@app.command("selection-bits")
def selection_bits(
    hidden_size: Annotated[
        int | None, typer.Option(help="Hidden neurons d; the model's if one is named.")
    ] = None,
    seq_len: Annotated[
        int | None, typer.Option(help="Inputs n, 2 or 3; the model's if one is named.")
    ] = None,
    scale: Annotated[float, typer.Option(help="Standard deviation of every weight under the prior.")] = 1.0,
    accuracy: Annotated[
        float | None, typer.Option(help="In (0, 1); the model's own if one is named.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Bundled name or path of a weight file.")] = None,
    near: Annotated[
        float | None,
        typer.Option(help="Count only networks within this distance of the model: an upper bound."),
    ] = None,
    bundled: Annotated[bool, typer.Option("--bundled", help="Answer from the bundled results.")] = False,
    method: Annotated[str, typer.Option(help="auto, counting or splitting.")] = "auto",
    samples: Annotated[int, typer.Option(help="Random networks that are counted.")] = 1_000_000,
    particles: Annotated[int, typer.Option(help="Splitting: points in a run.")] = 4000,
    moves: Annotated[int, typer.Option(help="Splitting: moves of each point at each level.")] = 10,
    replicates: Annotated[int, typer.Option(help="Splitting: independent runs.")] = 16,
    threads: Annotated[int, typer.Option(help="Threads; the result does not depend on them.")] = 2,
    seed: Annotated[int, typer.Option(help="Of the random networks and moves.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Minus log2 of the probability that a random network is at least so accurate.

    Example: heurex selection-bits --model m22 --scale 1
    """
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from heurex.report.selection import selection_lines, selection_record
    from heurex.scoring.selection import Effort, bundled_selection_bits, selection_bits_near
    from heurex.scoring.selection import selection_bits as measure

    weights, (d, n, target) = _question(model, hidden_size, seq_len, accuracy)
    if near is not None and (bundled or weights is None):
        raise UsageError(
            "--near was given without --model or with --bundled; expected --model and no --bundled"
        )
    stderr = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as progress:
        task = progress.add_task("compiling", total=None)

        def advance(stage: str, evaluations: int) -> None:
            done = progress.tasks[0].completed + evaluations
            progress.update(task, completed=done, description=f"{stage}: {done:,.0f} exact accuracies")

        effort = Effort(method, samples, particles, moves, 0.25, replicates, threads, advance)
        if bundled:
            found = bundled_selection_bits(d, n, target, scale)
        elif near is not None and weights is not None:
            found = selection_bits_near(weights, near, target, scale, seed, effort)
        else:
            found = measure(d, n, target, scale, seed, effort)
    if as_json:
        print_json(selection_record(found))
        return
    print(selection_lines(found))


def _question(
    name: str | None, hidden_size: int | None, seq_len: int | None, accuracy: float | None
) -> tuple[Any, tuple[int, int, float]]:
    """The model, if one is named, and sizes and accuracy."""
    from heurex.estimators import Exact
    from heurex.zoo import load

    if name is None:
        if hidden_size is None or seq_len is None or accuracy is None:
            raise UsageError("expected --model, or --hidden-size, --seq-len and --accuracy")
        return None, (hidden_size, seq_len, accuracy)
    weights = load(name)
    for option, given, own in (
        ("--hidden-size", hidden_size, weights.hidden_size),
        ("--seq-len", seq_len, weights.seq_len),
    ):
        if given not in (None, own):
            raise UsageError(f"{option} is {given}; the model {name!r} has {own}")
    if accuracy is None:
        accuracy = Exact().estimate(weights).value
    return weights, (weights.hidden_size, weights.seq_len, accuracy)
