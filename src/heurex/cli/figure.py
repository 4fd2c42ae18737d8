"""Figures for papers as verbs: figure figure1, pareto, ledger, zoo."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from heurex.cli.common import (
    JsonOption,
    MethodOption,
    ModelArgument,
    SettingOption,
    app,
    print_json,
    read_settings,
)
from heurex.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

figure = typer.Typer(
    help="Figures for papers: vectors with embedded fonts (.pdf), text kept as text (.svg), or pixels (.png).",
    no_args_is_help=True,
)
app.add_typer(figure, name="figure")

OutOption = Annotated[Path, typer.Option("--out", "-o", help="File to write: .pdf, .svg or .png.")]
FromOption = Annotated[
    Path | None, typer.Option("--from", help="A folder with results that are there already.")
]
ModelsOption = Annotated[int, typer.Option(help="Noisy copies.")]
SigmaOption = Annotated[float, typer.Option(help="Standard deviation of the noise on every weight.")]
SeedOption = Annotated[int, typer.Option(help="Seed of the noise.")]


def _write(drawn: Figure, out: Path, as_json: bool, **facts: Any) -> None:
    """Write a drawn figure and say what was written."""
    from heurex.report.style import save_figure

    save_figure(drawn, out)
    width, height = (float(inches) for inches in drawn.get_size_inches())
    if as_json:
        print_json(
            {**facts, "file": str(out), "bytes": out.stat().st_size, "width_in": width, "height_in": height},
            "figure",
        )
        return
    print(f"written to {out}: {width:g} by {height:g} inches")


def _check(out: Path) -> None:
    from heurex.report.style import check_figure_path

    check_figure_path(out)


@figure.command(name="figure1")
def figure_1(
    out: OutOption,
    model: Annotated[str, typer.Argument(help="A model with d = 4 and n = 3: a name or a path.")] = "m43",
    folder: FromOption = None,
    models: ModelsOption = 256,
    sigma: SigmaOption = 0.05,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """The note's Figure 1: estimates of its two versions against exact accuracies of noisy copies.

    With --from it is drawn from a folder of heurex reproduce, without computing anything.

    Example: heurex figure figure1 --models 32 --out figure1.pdf
    Example: heurex figure figure1 --from out --out figure1.svg
    """
    from heurex.report.figures import figure1
    from heurex.results import read_rows

    _check(out)
    if folder is None:
        from heurex.runs.reproduce import figure1_rows
        from heurex.zoo import load

        with Console(stderr=True).status("estimating"):
            rows = figure1_rows(load(model), models, sigma, seed)
    else:
        rows = read_rows(folder / "results.parquet")
        seeds = {row.seed for row in rows if row.origin == "noisy copy"}
        wanted = {"exact", "original", "symmetric"}
        if not seeds or not wanted <= {row.estimator for row in rows}:
            raise UsageError(f"{folder} holds no results of heurex reproduce; expected its output folder")
        seed = min(seeds)
    _write(figure1(rows, seed), out, as_json, figure="figure1", seed=seed, rows=len(rows))


def _read_size(text: str) -> tuple[int, int]:
    first, _, last = text.partition(",")
    try:
        return int(first), int(last)
    except ValueError:
        raise UsageError(f"--size {text!r} is not understood; expected d,n such as 4,3") from None


def _group_of(record: dict[str, Any], size: str | None) -> dict[str, Any]:
    """The models of one size in a record of evaluate."""
    groups = {(group["hidden_size"], group["seq_len"]): group for group in record["groups"]}
    known = " or ".join(f"{d},{n}" for d, n in groups)
    if size is None:
        if len(groups) != 1:
            raise UsageError(f"there are models of {len(groups)} sizes; expected --size {known}")
        return next(iter(groups.values()))
    found = groups.get(_read_size(size))
    if found is None:
        raise UsageError(f"there are no models of the size {size}; expected --size {known}")
    return found


@figure.command()
def pareto(
    out: OutOption,
    model: Annotated[str, typer.Argument(help="Bundled name or path of a weight file.")] = "m43",
    folder: FromOption = None,
    methods: Annotated[
        list[str] | None, typer.Option(help="As for heurex evaluate; by default along the whole front.")
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="d,n where a folder holds models of several sizes.")
    ] = None,
    models: ModelsOption = 256,
    sigma: SigmaOption = 0.05,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Quality versus compute: RMS error against counted operations, with the front and sampling's line.

    With --from it is drawn from a folder of heurex evaluate, without computing anything.

    Example: heurex figure pareto m43 --methods 'directions?directions=4|8,original' --models 16 --out pareto.pdf
    Example: heurex figure pareto --from out/front --out pareto.svg
    """
    from heurex.report.front import front_figure

    _check(out)
    if folder is None:
        from heurex.runs.evaluate import evaluate

        with Console(stderr=True).status("evaluating"):
            record = evaluate(model, methods, sigma=sigma, models=models, seed=seed).record
    else:
        record = _read_summary(folder)
    group = _group_of(record, size)
    _write(
        front_figure(record, group), out, as_json, figure="pareto", models=record["models"],
        methods=[row["label"] for row in record["rows"]],
    )  # fmt: skip


def _read_summary(folder: Path) -> dict[str, Any]:
    from heurex.results import read_json

    record = read_json(folder / "summary.json")
    if not isinstance(record, dict) or not {"rows", "groups", "convention"} <= record.keys():
        raise UsageError(f"{folder} holds no results of heurex evaluate; expected its output folder")
    return record


@figure.command()
def ledger(
    out: OutOption,
    model: ModelArgument = "m43",
    method: MethodOption = "original",
    settings: SettingOption = None,
    prior: Annotated[
        str, typer.Option(help="Of stated fractions: random-halfspaces, chained or uniform.")
    ] = "random-halfspaces",
    models: Annotated[int, typer.Option(help="Noisy copies for the estimator's own error.")] = 256,
    as_json: JsonOption = False,
) -> None:
    """The ledger of surprise: bits by kind beside the baselines, and bits against the width of the estimate.

    Example: heurex figure ledger m43 --method original --out ledger.pdf
    """
    from heurex.report.ledger import ledger_figure
    from heurex.scoring.surprise import Conventions, surprise
    from heurex.zoo import load

    _check(out)
    Conventions(prior=prior, models=models)
    with Console(stderr=True).status("accounting"):
        found = surprise(load(model), method, read_settings(settings), prior=prior, models=models)
    _write(ledger_figure(found), out, as_json, figure="ledger", total_bits=found.total_bits)


@figure.command()
def zoo(out: OutOption, as_json: JsonOption = False) -> None:
    """Accuracies by d and n as a heat map: AlgZoo's published ones, and the bundled models' below them.

    Example: heurex figure zoo --out zoo.pdf
    """
    from heurex.report.zoo import accuracy_figure
    from heurex.zoo.beside import beside_published
    from heurex.zoo.ladder import models

    _check(out)
    rows = beside_published(models())
    _write(accuracy_figure(rows), out, as_json, figure="zoo", sizes=len(rows))


def _sphere(
    out: OutOption,
    model: ModelArgument = "m43",
    method: MethodOption = "original",
    settings: SettingOption = None,
    as_json: JsonOption = False,
) -> None:
    """The sphere of input directions: what a model answers in each, and where an explanation has it wrong.

    Example: heurex figure sphere m43 --method original --out sphere.pdf
    """
    from heurex.estimators import make_estimator
    from heurex.report.sphere_figure import draw_sphere  # pyright: ignore
    from heurex.zoo import load

    _check(out)
    explained = make_estimator(method, **read_settings(settings))
    weights = load(model)
    _write(draw_sphere(weights, explained), out, as_json, figure="sphere", model=weights.name)


if find_spec("heurex.report.sphere_figure") is not None:
    figure.command(name="sphere")(_sphere)
