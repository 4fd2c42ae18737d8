"""The challenge as verbs: challenge, leaderboard."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from heurex.cli.common import JsonOption, app, console, print_json
from heurex.errors import UsageError


def _numbers(texts: list[str] | None) -> list[float] | None:
    if texts is None:
        return None
    try:
        return [float(part) for text in texts for part in text.split(",")]
    except ValueError:
        raise UsageError(
            f"--noise {','.join(texts)!r} is not understood; expected such as 0.003,0.005"
        ) from None


def _count(text: str) -> int:
    try:
        number = float(text.replace("_", ""))
    except ValueError:
        number = 0.5
    if not (number >= 1 and number.is_integer()):
        raise UsageError(f"--truth-samples is {text!r}; expected a whole number such as 40000000 or 4e7")
    return int(number)


@contextmanager
def _progress() -> Generator[Callable[[str, int, int], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    ) as shown:
        task = shown.add_task("starting", total=None)
        yield lambda what, done, total: shown.update(task, description=what, completed=done, total=total)


@app.command()
def challenge(
    model: Annotated[
        list[str], typer.Argument(help="Names (zoo:16,10; see heurex zoo list) or paths of weight files.")
    ],
    methods: Annotated[
        list[str] | None,
        typer.Option(help="Methods between commas, as in evaluate. By default a list by size."),
    ] = None,
    estimator: Annotated[
        list[str] | None,
        typer.Option(help="A function of your own, path/to/file.py:function; may be repeated."),
    ] = None,
    noise: Annotated[
        list[str] | None,
        typer.Option(
            help="Noise levels between commas. By default 0.05 up to n = 5, 0.003 and 0.005 beyond."
        ),
    ] = None,
    copies: Annotated[int, typer.Option(help="Noisy copies of each model.")] = 16,
    seeds: Annotated[int, typer.Option(help="Seeds of every method that has one.")] = 3,
    truth_samples: Annotated[str, typer.Option(help="Samples of each model's truth.")] = "4e7",
    truth: Annotated[str, typer.Option(help="auto (exact where it can be had), exact or sampled.")] = "auto",
    noise_seed: Annotated[int, typer.Option(help="Seed of the noise.")] = 0,
    count_ops: Annotated[int, typer.Option(help="On how many copies operations are counted.")] = 2,
    out: Annotated[
        Path | None, typer.Option(help="Folder for tables and figures; a run that was killed goes on there.")
    ] = None,
    leaderboard: Annotated[Path | None, typer.Option(help="Leaderboard file to add the rows to.")] = None,
    entry: Annotated[str | None, typer.Option(help="Name of the entry on the leaderboard.")] = None,
    noise_scan: Annotated[bool, typer.Option("--noise-scan", help="Only accuracy against noise.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Estimators on noisy copies of models of any size: RMS error beside sampling's at equal operations.

    Example: heurex challenge zoo:8,5 --out out/challenge
    """
    from heurex.report.challenge_table import challenge_tables
    from heurex.results.leaderboard import add_entry, read_leaderboard
    from heurex.runs.challenge import challenge as run_it
    from heurex.runs.contestants import read_contestant

    levels, samples = _numbers(noise), _count(truth_samples)
    if noise_scan:
        _scan(model, levels, copies, samples, noise_seed, out, as_json)
        return
    if (leaderboard is None) != (entry is None):
        raise UsageError("--leaderboard and --entry go together; expected both or neither")
    if leaderboard is not None and leaderboard.exists():
        read_leaderboard(leaderboard)
    own = [read_contestant(text) for text in estimator or []]
    chosen = None if methods is None and not own else [*(methods or []), *own]
    try:
        with _progress() as watch:
            found = run_it(
                model, chosen, noise=levels, copies=copies, seeds=seeds, truth_samples=samples, truth=truth,
                noise_seed=noise_seed, count_ops=count_ops, out=out, watch=watch,
            )  # fmt: skip
            if out is not None:
                _write_reports(found.record, out)
    except KeyboardInterrupt:
        how = (
            "with --out the same command would go on where it was"
            if out is None
            else "the same command goes on"
        )
        print(f"heurex: interrupted; {how}", file=sys.stderr)
        raise typer.Exit(130) from None
    if leaderboard is not None and entry is not None:
        add_entry(leaderboard, entry, found.record)
    if as_json:
        print_json(found.record)
        return
    console(230).print(challenge_tables(found.record))


@app.command(name="leaderboard")
def show_leaderboard(
    file: Annotated[Path, typer.Argument(help="What heurex challenge --leaderboard wrote.")],
    as_json: JsonOption = False,
) -> None:
    """Print a leaderboard: a table for each set of rules and models, best first.

    Example: heurex leaderboard board.json
    """
    from heurex.report.challenge_table import leaderboard_tables
    from heurex.results.leaderboard import boards, read_leaderboard

    held = read_leaderboard(file)
    if as_json:
        print_json(held)
        return
    console(200).print(leaderboard_tables(boards(held)))


def _scan(
    model: list[str],
    levels: list[float] | None,
    copies: int,
    samples: int,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    from heurex.report.challenge import noise_figure
    from heurex.report.challenge_table import noise_table
    from heurex.report.style import save_figure
    from heurex.results import prepare_folder, write_json
    from heurex.runs.noise_scan import LEVELS, noise_scan

    folder = None if out is None else prepare_folder(out)
    with _progress() as watch:
        record = noise_scan(
            model, LEVELS if levels is None else levels, copies=copies, truth_samples=samples, noise_seed=seed,
            watch=watch,
        )  # fmt: skip
    if folder is not None:
        write_json(record, folder / "noise.json")
        for suffix in (".png", ".svg", ".pdf"):
            save_figure(noise_figure(record), folder / f"noise{suffix}")
    if as_json:
        print_json(record)
        return
    console(120).print(noise_table(record))


def _write_reports(record: dict[str, Any], out: Path) -> None:
    from heurex.report.challenge import challenge_figure, rank_figure
    from heurex.report.challenge_table import challenge_csv
    from heurex.report.style import save_figure
    from heurex.results import write_text

    write_text(challenge_csv(record), out / "challenge.csv")
    for model in record["models"]:
        for name, figure in (("challenge", challenge_figure(model)), ("rank", rank_figure(model))):
            if figure is not None:
                for suffix in (".png", ".svg", ".pdf"):
                    save_figure(figure, out / f"{name}-{model['folder']}{suffix}")
