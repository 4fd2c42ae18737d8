"""The main job as a verb: reproduce."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from heurex.cli.common import JsonOption, app, console, print_json
from heurex.errors import HeurexError, UsageError


@app.command()
def reproduce(
    models: Annotated[int, typer.Option(help="Noisy copies in an ensemble.")] = 256,
    sigma: Annotated[float, typer.Option(help="Standard deviation of the noise on every weight.")] = 0.05,
    seed: Annotated[int, typer.Option(help="Seed of the ensemble reported; four more follow it.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for figures and tables.")] = Path("out"),
    as_json: JsonOption = False,
) -> None:
    """Redo the note's "Quality versus compute" and Figure 1 on the bundled M_{4,3}.

    Example: heurex reproduce --models 256 --sigma 0.05 --out out
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from heurex.report.figures import figure1, save_figure
    from heurex.report.terminal import print_reproduction
    from heurex.results import prepare_folder, write_json, write_rows
    from heurex.runs.reproduce import ESTIMATORS
    from heurex.runs.reproduce import reproduce as run_it
    from heurex.scoring.ensembles import noisy_copies
    from heurex.zoo import load

    try:
        noisy_copies(load("m43"), sigma, min(models, 1), seed)
    except HeurexError as error:
        raise UsageError(str(error)) from None
    folder = prepare_folder(out)
    more = 4
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("starting", total=models * len(ESTIMATORS) * (more + 1))
        found = run_it(
            models, sigma, seed, more_seeds=more,
            advance=lambda what, rows: progress.update(task, description=what, advance=rows),
        )  # fmt: skip
    write_rows(found.rows, folder / "results.parquet")
    write_json(found.summary, folder / "summary.json")
    figure = figure1(found.rows, seed)
    for name in ("figure1.png", "figure1.svg"):
        save_figure(figure, folder / name)
    if as_json:
        print_json(found.summary)
        return
    print_reproduction(console(170), found.summary)
    print(f"written to {folder}: figure1.png, figure1.svg, results.parquet, summary.json")
