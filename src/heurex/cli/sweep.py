"""Many models as verbs: sweep and summarise."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from heurex.cli.common import JsonOption, app, console, print_json
from heurex.errors import HeurexError, UsageError


@app.command()
def sweep(
    spec: Annotated[
        Path | None, typer.Argument(help="What to run, in TOML; --example prints one with comments.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the table; the same command goes on there after any interruption."),
    ] = None,
    processes: Annotated[
        int | None, typer.Option(help="Processes that compute; by default one for each core.")
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(
            help="A Dask cluster instead: the scheduler's address, such as tcp://host:8786, or local:4 for four "
            "processes here. Workers write into --out, which all must share."
        ),
    ] = None,
    example: Annotated[bool, typer.Option("--example", help="Print an example of a spec.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Run methods on any number of models, into a folder of Parquet files; what is killed goes on where it was.

    Ctrl-C stops it (exit code 130), and the same command goes on. A finished sweep run again does nothing.

    Example: heurex sweep --example
    Example: heurex sweep sweep.toml --out out/sweep
    Example: heurex sweep sweep.toml --out out/sweep --dask local:4
    """
    from heurex.runs.cluster import connect
    from heurex.runs.sweep import sweep as run_it
    from heurex.runs.sweep_spec import EXAMPLE, read_spec

    if example:
        print(EXAMPLE, end="")
        return
    if spec is None or out is None:
        raise UsageError("heurex sweep needs a spec and --out; expected heurex sweep SPEC.toml --out FOLDER")
    if dask is not None and processes is not None:
        raise UsageError("--processes and --dask are both given; expected one of them")
    progress = _Progress()
    try:
        with contextlib.ExitStack() as stack:
            client = None
            if dask is not None:
                read_spec(spec)  # before a cluster is started for it
                client = stack.enter_context(connect(dask))
            stack.enter_context(progress)
            found = run_it(spec, out, processes=processes, client=client, watch=progress.watch)
    except KeyboardInterrupt:
        print(
            f"heurex: interrupted{progress.reached()}; the same command goes on from there", file=sys.stderr
        )
        sys.exit(130)  # typer.Exit would have main say it again
    except HeurexError as error:
        if not progress.total:
            raise
        # everything that is refused before is said as it is; from here on something is there to be continued
        raise type(error)(f"{error}{progress.reached()}; the same command goes on from there") from None
    if as_json:
        print_json(asdict(found) | {"folder": str(found.folder)}, "sweep")
        return
    news = f"{found.computed:,} of them computed now" if found.computed else "nothing was left to do"
    print(
        f"{found.models:,} models, {found.rows:,} rows in {out}/rows; {news}, in {found.wall_s:.1f} s; "
        f"digest {found.digest}"
    )


class _Progress:
    """Models done, rate and time left, on a terminal; silent elsewhere."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.done = self.total = 0
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            speed_estimate_period=120,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task("starting", total=None, rate="")

    def __enter__(self) -> None:
        self._bar.start()

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def watch(self, what: str, done: int, total: int) -> None:
        """Show what is going on."""
        self.done, self.total = done, total
        speed = self._bar.tasks[0].speed
        rate = "" if speed is None or what != "computing" else f"{speed:,.0f} models/s"
        self._bar.update(self._task, description=what, completed=done, total=total or None, rate=rate)

    def reached(self) -> str:
        """How far it has come, for a sentence."""
        return f" after {self.done:,} of {self.total:,} models" if self.total else ""


@app.command()
def summarise(
    folder: Annotated[Path, typer.Argument(help="What heurex sweep wrote.")],
    by: Annotated[
        str, typer.Option(help="What makes a group, between commas: model, size, sigma.")
    ] = "model,sigma",
    worst: Annotated[int, typer.Option(help="How many of the worst models of each method are listed.")] = 3,
    figure: Annotated[
        Path | None, typer.Option(help="Draw errors against the level of noise: a .png, .svg or .pdf file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """RMS error, bias, coverage and advantage in a sweep, with 95% bootstrap intervals, and the worst models.

    The weights of each method's worst model are written to FOLDER/worst, for heurex report, explain or estimate.

    Example: heurex summarise out/sweep
    Example: heurex summarise out/sweep --by size,sigma --json
    Example: heurex summarise out/sweep --figure out/sweep.png
    """
    from heurex.report.style import check_figure_path, save_figure
    from heurex.report.sweep import summary_tables, sweep_figure
    from heurex.runs.summarise import summarise as run_it
    from heurex.runs.summarise import write_worst

    if figure is not None:
        check_figure_path(figure)
    found = run_it(folder, by=by.split(","), worst=worst)
    files = write_worst(found, folder / "worst")
    if figure is not None:
        save_figure(sweep_figure(found.record), figure)
    if as_json:
        print_json(found.record)
        return
    console(170).print(summary_tables(found.record))
    for label, path in files.items():
        print(f"the worst model of {label}: heurex {_verb_for_one_model()} {path}")
    if figure is not None:
        print(f"drawn: {figure}")


def _verb_for_one_model() -> str:
    """The verb that shows most of one model."""
    names = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    return "report" if "report" in names else "estimate"
