"""Verbs of surprise accounting: a ledger, and the tables behind its prices."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from heurex.cli.common import (
    JsonOption,
    MethodOption,
    ModelArgument,
    SettingOption,
    app,
    console,
    print_json,
    read_settings,
)
from heurex.errors import UsageError


@app.command()
def surprise(
    model: ModelArgument,
    method: MethodOption = "original",
    settings: SettingOption = None,
    prior: Annotated[
        str, typer.Option(help="Of stated fractions: random-halfspaces, chained or uniform.")
    ] = "random-halfspaces",
    residual: Annotated[str, typer.Option(help="predictive or per-observation.")] = "predictive",
    observations: Annotated[int, typer.Option(help="Labelled inputs, for per-observation.")] = 1_000_000,
    tolerance: Annotated[float, typer.Option(help="Width to which the accuracy is to be known.")] = 1e-3,
    resolution: Annotated[
        float | None, typer.Option(help="Width of the estimate; the cheapest by default.")
    ] = None,
    models: Annotated[int, typer.Option(help="Noisy copies for the estimator's own error.")] = 256,
    sigma: Annotated[float, typer.Option(help="Standard deviation of their noise.")] = 0.05,
    seed: Annotated[int, typer.Option(help="Seed of the copies.")] = 0,
    every: Annotated[bool, typer.Option("--every", help="List every entry, not only sums.")] = False,
    out: Annotated[Path | None, typer.Option(help="Figure to write: .png, .svg or .pdf.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Account for an explanation's surprise: bits of its checks, numbers and choices, and of what it leaves.

    Example: heurex surprise m43 --method original --prior chained --out ledger.svg
    """
    from heurex.report.figures import save_figure
    from heurex.report.ledger import ledger_figure, ledger_record, ledger_tables
    from heurex.report.style import check_figure_path
    from heurex.runs.warm import compile_side_by_side
    from heurex.scoring.surprise import Conventions
    from heurex.scoring.surprise import surprise as account
    from heurex.zoo import load

    rules: dict[str, Any] = {
        "prior": prior, "residual": residual, "observations": observations, "tolerance": tolerance,
        "resolution": resolution, "models": models, "sigma": sigma, "seed": seed,
    }  # fmt: skip
    Conventions(**rules)
    if out is not None:
        check_figure_path(out)
    weights = load(model)
    kernels = ["exact", *(("cones of 3 dimensions",) if prior == "chained" else ())]
    kernels += (
        [method] if method in ("original", "layerwise", "symmetric") and residual == "predictive" else []
    )
    compile_side_by_side(kernels)
    ledger = account(weights, method, read_settings(settings), **rules)
    if out is not None:
        save_figure(ledger_figure(ledger), out)
    if as_json:
        print_json(ledger_record(ledger))
        return
    console(150).print(ledger_tables(ledger, every=every))


@app.command(name="surprise-tables")
def surprise_tables(
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("tables.npz"),
    draws: Annotated[int, typer.Option(help="Random cones for each table.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Seed; the bundled tables have 0.")] = 0,
    dimensions: Annotated[int | None, typer.Option(help="Only tables of this dimension: 2, 3 or 6.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Draw the tables of random cones again that price fractions: ten minutes or more, nearly all in six dimensions.

    Example: heurex surprise-tables --draws 1000000 --seed 0 --out tables.npz
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from heurex.results import check_writable
    from heurex.scoring.surprise.tables import BUNDLED, make_tables

    families = tuple(one for one in BUNDLED if dimensions in (None, one.dimension))
    if not families:
        raise UsageError(f"dimensions is {dimensions}; expected 2, 3 or 6")
    if draws < 1 or seed < 0:
        raise UsageError(f"draws is {draws} and the seed {seed}; expected at least 1, and 0 or more")
    check_writable(out)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("starting", total=draws * len(families))
        make_tables(
            out, draws, seed, families=families,
            advance=lambda what, cones: progress.update(task, description=what, advance=cones),
        )  # fmt: skip
    if as_json:
        made = {"file": str(out), "tables": len(families), "cones_each": draws, "seed": seed}
        print_json(made, "surprise-tables")
        return
    print(f"written to {out}: {len(families)} tables of {draws:,} cones each, seed {seed}")
