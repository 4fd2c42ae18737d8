"""Quality versus compute as a verb: evaluate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from heurex.cli.common import JsonOption, app, console, print_json


@app.command()
def evaluate(
    model: Annotated[list[str], typer.Argument(help="Bundled names (m43, m22) or paths of weight files.")],
    methods: Annotated[
        list[str] | None,
        typer.Option(
            help="Methods between commas, each name?key=value&key=value, alternatives between bars: "
            "'original,sampling?samples=64|256'; may be repeated. By default a selection along the whole front."
        ),
    ] = None,
    sigma: Annotated[
        float | None,
        typer.Option(
            help="Standard deviation of the noise on every weight; 0: the given models themselves. "
            "By default 0.05 for one model, 0 for several."
        ),
    ] = None,
    models: Annotated[int, typer.Option(help="Noisy copies of each model.")] = 256,
    seed: Annotated[int, typer.Option(help="Seed of the noise.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for table, summary and figures; a run that was killed goes on there."),
    ] = None,
    convention: Annotated[
        str,
        typer.Option(help="What operations cost: unit, weighted, or add=1,mul=1,div=4,sqrt=10,atan2=20."),
    ] = "weighted",
    count_ops: Annotated[
        int, typer.Option(help="On how many models of each ensemble operations are counted.")
    ] = 32,
    as_json: JsonOption = False,
) -> None:
    """Score methods on an ensemble: RMS error against operations, beside sampling and guesses.

    Example: heurex evaluate m43 --sigma 0.05 --models 256 --seed 0 --out out/front
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from heurex.report.front_table import front_tables
    from heurex.runs.evaluate import evaluate as run_it

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    reached = (0, 0)
    try:
        with Progress(
            *columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
        ) as progress:
            task = progress.add_task("starting", total=None)

            def watch(what: str, done: int, total: int) -> None:
                nonlocal reached
                if what != "timing":
                    reached = (done, total)
                progress.update(task, description=what, completed=done, total=total)

            found = run_it(
                model, methods, sigma=sigma, models=models,
                seed=seed, out=out, convention=convention, count_ops=count_ops, watch=watch,
            )  # fmt: skip
            if out is not None:
                progress.update(task, description="drawing", completed=0, total=None)
                _write_reports(found.record, out)
    except KeyboardInterrupt:
        _say_how_to_go_on(out, *reached)
        sys.exit(130)  # typer.Exit would have main say that nothing was written
    if as_json:
        print_json(found.record)
        return
    console(200).print(front_tables(found.record))
    if out is not None:
        names = sorted(entry.name for entry in out.iterdir() if not entry.name.startswith("."))
        print(f"in {out}: {', '.join(names)}")


def _write_reports(record: dict[str, Any], out: Path) -> None:
    """The table as CSV and the figures, one for each size of models."""
    from heurex.report.figures import save_figure
    from heurex.report.front import front_figure
    from heurex.report.front_page import write_front_page
    from heurex.report.front_table import front_csv
    from heurex.results import write_text

    write_text(front_csv(record), out / "table.csv")
    for group in record["groups"]:
        several = len(record["groups"]) > 1
        stem = f"front_{group['hidden_size']}_{group['seq_len']}" if several else "front"
        figure = front_figure(record, group)
        for suffix in (".png", ".svg"):
            save_figure(figure, out / f"{stem}{suffix}")
        missing = write_front_page(record, group, out / f"{stem}.html")
        if missing:
            print(f"heurex: {missing}", file=sys.stderr)


def _say_how_to_go_on(out: Path | None, done: int, total: int) -> None:
    if out is None:
        sentence = "interrupted; with --out the same command would go on where it was"
    else:
        sentence = (
            f"interrupted after {done:,} of {total:,} rows; the same command goes on from there, in {out}"
        )
    print(f"heurex: {sentence}", file=sys.stderr)
