"""Verbs about many models: zoo list, zoo check, zoo train, zoo index."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from heurex.cli.common import JsonOption, app, console, print_json
from heurex.errors import UsageError

if TYPE_CHECKING:
    from heurex.zoo.train import Progress

zoo = typer.Typer(
    help="The models of the family: list them, compare them with AlgZoo's, train more.",
    no_args_is_help=True,
)
app.add_typer(zoo, name="zoo")


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


@zoo.command(name="list")
def list_models(as_json: JsonOption = False) -> None:
    """List models by name: parameters, accuracy (exact, or with its standard error), source, licence.

    Example: heurex zoo list
    """
    from dataclasses import asdict

    from heurex.zoo.listing import entries
    from heurex.zoo.published import ACCURACY_PERCENT, BEST_SEED, SOURCE

    if as_json:
        fetched = [
            {"name": f"alg-zoo:2nd_argmax_{d}_{n}", "hidden_size": d, "seq_len": n, "best_seed": BEST_SEED[d, n],
             "published_accuracy": percent / 100, "licence": "MIT-0"}
            for (d, n), percent in ACCURACY_PERCENT.items()
        ]  # fmt: skip
        print_json(
            {"models": [asdict(entry) for entry in entries()], "alg_zoo": fetched, "alg_zoo_source": SOURCE},
            "zoo list",
        )
        return
    from heurex.report.zoo import entries_table

    console(150).print(entries_table(entries()))
    print("zoo:d,n without a seed is the best of its seeds; hand:2nd_argmax_3 takes ?sharpness= (100)")
    print(
        f"fetched on first use, licence MIT-0: alg-zoo:example_2nd_argmax, and alg-zoo:2nd_argmax_d_n of "
        f"{len(ACCURACY_PERCENT)} sizes, with ?seed= (0 to 4) and &n_seqs= (0, 2^20 to 2^30)"
    )


@zoo.command()
def check(
    out: Annotated[Path | None, typer.Option(help="Heat map to write: .png, .svg or .pdf.")] = None,
    samples: Annotated[str, typer.Option(help="Check the recorded accuracies on so many fresh inputs.")] = "",
    seed: Annotated[int, typer.Option(help="Seed of the fresh inputs.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Compare the bundled models' accuracies with those that AlgZoo publishes, or with fresh random inputs.

    Example: heurex zoo check --samples 10^7
    """
    if samples:
        _check_samples(samples, seed, as_json)
        return
    from dataclasses import asdict

    from heurex.zoo.beside import beside_published
    from heurex.zoo.ladder import models
    from heurex.zoo.published import SOURCE

    if out is not None:
        from heurex.report.style import check_figure_path

        check_figure_path(out)
    rows = beside_published(models())
    if out is not None:
        from heurex.report.figures import save_figure
        from heurex.report.zoo import accuracy_figure

        save_figure(accuracy_figure(rows), out)
    if as_json:
        print_json([asdict(row) | {"within_rounding": row.within_rounding} for row in rows], "zoo check")
        return
    from heurex.report.zoo import beside_table

    console(150).print(beside_table(rows))
    print(f"published: {SOURCE}")
    print(
        "bundled: 2^26 sequences where no other number stands, a schedule 16 times shorter, and fewer seeds"
    )


def _check_samples(samples: str, seed: int, as_json: bool) -> None:
    """Every bundled model's record beside fresh inputs."""
    from dataclasses import asdict

    from heurex.runs.index import agreement
    from heurex.zoo.ladder import models
    from heurex.zoo.names import read_count

    drawn = read_count("--samples", samples)
    with _progress_bar() as bar:
        bar_task = bar.add_task("sampling", total=len(models()))
        found = agreement(
            models(), drawn, seed, lambda name: bar.update(bar_task, description=name, advance=1)
        )
    if as_json:
        print_json([asdict(row) for row in found], "zoo check --samples")
        return
    from heurex.report.zoo import agreement_table

    console(150).print(agreement_table(found, drawn))


@zoo.command()
def index(
    folder: Annotated[Path, typer.Argument(help="Folder with what heurex zoo train wrote.")],
    samples: Annotated[str, typer.Option(help="Inputs drawn where accuracy cannot be had exactly.")] = "10^6",
    as_json: JsonOption = False,
) -> None:
    """Measure the accuracies of all models in a folder, and write index.json beside them.

    Example: heurex zoo index out/zoo
    """
    from heurex.runs.index import index_folder
    from heurex.zoo.names import read_count

    drawn = read_count("--samples", samples)
    with _progress_bar() as bar:
        bar_task = bar.add_task("measuring", total=None)
        found = index_folder(
            folder,
            drawn,
            advance=lambda name: bar.update(bar_task, description=name, advance=1),
        )
    if as_json:
        from dataclasses import asdict

        print_json([asdict(model) for model in found], "zoo index")
        return
    for model in found:
        print(
            f"{model.file}: {100 * model.accuracy:.4f}% ({model.accuracy_kind}, error {model.accuracy_error:.1e})"
        )


@zoo.command()
def train(
    hidden_size: Annotated[int, typer.Option(help="Number d of hidden neurons.")],
    seq_len: Annotated[int, typer.Option(help="Number n of inputs.")],
    seeds: Annotated[str, typer.Option(help="Seeds, trained side by side: 0-4 or 0,2,7.")] = "0-4",
    sequences: Annotated[str, typer.Option(help="Length of the schedule; AlgZoo's is 2^30.")] = "2^27",
    stop_after: Annotated[
        str, typer.Option(help="Stop here, at a checkpoint of the longer schedule; go on by a later call.")
    ] = "",
    task: Annotated[str, typer.Option(help="What is asked: argmax, 2nd_argmax or argmedian.")] = "2nd_argmax",
    out: Annotated[Path, typer.Option(help="Folder for weights.")] = Path("out/zoo"),
    save_every: Annotated[float, typer.Option(help="Seconds between two states on disk.")] = 10.0,
    as_json: JsonOption = False,
) -> None:
    """Train models by AlgZoo's recipe; the same call goes on where a killed one stopped.

    Example: heurex zoo train --hidden-size 4 --seq-len 3 --seeds 0-4 --sequences 2^27
    """
    from dataclasses import asdict

    from heurex.results import prepare_folder
    from heurex.zoo.names import read_count
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
    if as_json:
        made = {"recipe": asdict(recipe), "seeds": listed, "files": [str(path) for path in files]}
        print_json(made, "zoo train")
        return
    for path in files:
        print(path)


def _progress_bar() -> Any:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    screen = Console(stderr=True)
    return Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal)
