"""The command line: each verb calls one public function and prints what it returns.

Exit codes: 0 all went well; 1 a file or folder could not be used; 2 the command was not understood (an unknown
name, a bad number); 3 the explanation does not apply to the model; 70 a mistake in heurex;
130 interrupted.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from heurex._version import __version__
from heurex.errors import HeurexError, NotApplicable, UsageError

__all__ = ["app", "main"]

app = typer.Typer(
    help="Score explanations of tiny ReLU RNNs: mechanistic accuracy estimates beside the exact truth.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ModelArgument = Annotated[str, typer.Argument(help="Bundled name (m43, m22) or path of a weight file.")]
MethodOption = Annotated[str, typer.Option("--method", "-m", help="exact, original, symmetric or sampling.")]
SettingOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="A setting of the method, as name=value; may be repeated."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON record instead of text.")]


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


def _settings(pairs: list[str] | None) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for pair in pairs or []:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise UsageError(
                f"--set {pair!r} is not understood; expected name=value, such as latent_prob=0.3"
            )
        try:
            settings[name] = json.loads(text)
        except ValueError:
            settings[name] = text
    return settings


def _print_json(record: Any) -> None:
    from heurex.results import finite

    print(json.dumps(finite(record), indent=2))


@app.command()
def estimate(
    model: ModelArgument,
    method: MethodOption = "exact",
    settings: SettingOption = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate a model's accuracy by one method, and say how far from the truth that is.

    Example: heurex estimate m43 --method original --set latent_prob=0.3
    """
    from heurex.estimators import Exact, make_estimator
    from heurex.report.records import estimate_record
    from heurex.zoo import load

    estimator = make_estimator(method, **_settings(settings))
    weights = load(model)
    found = estimator.estimate(weights)
    truth = None
    if method != "exact" and weights.seq_len <= 3:
        truth = Exact().estimate(weights)
    if as_json:
        _print_json(estimate_record(weights, found, truth))
        return
    from heurex.report.terminal import estimate_lines

    print(estimate_lines(weights, found, truth))


@app.command()
def cells(
    model: ModelArgument,
    method: MethodOption = "original",
    settings: SettingOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the cells of an explanation: how large each is, what it contributes, and what it truly contributes.

    Example: heurex cells m43 --method original
    """
    from heurex.estimators import make_estimator
    from heurex.report.records import cell_record
    from heurex.report.terminal import cells_table
    from heurex.scoring.attribution import true_contributions
    from heurex.zoo import load

    estimator = make_estimator(method, **_settings(settings))
    weights = load(model)
    found = estimator.estimate(weights)
    listed = [cell for cell in found.cells if cell.parent is None]
    if not listed:
        raise NotApplicable(f"the method {method!r} does not cut input space into cells")
    true = true_contributions(weights, listed)
    if as_json:
        records = [
            cell_record(cell) | {"true_contribution": float(t)} for cell, t in zip(listed, true, strict=True)
        ]
        _print_json(
            {"model": weights.name, "estimator": found.estimator, "estimate": found.value, "cells": records}
        )
        return
    _console(160).print(cells_table(found, listed, true))


@app.command()
def explain(
    model: ModelArgument,
    method: MethodOption = "original",
    settings: SettingOption = None,
    as_json: JsonOption = False,
) -> None:
    """Split an estimate's error over its cells and over its approximations.

    Example: heurex explain m43 --method original
    """
    from heurex.estimators import make_estimator
    from heurex.report.records import attribution_record
    from heurex.report.terminal import attribution_tables
    from heurex.scoring.attribution import attribute
    from heurex.zoo import load

    weights = load(model)
    found = attribute(weights, make_estimator(method, **_settings(settings)))
    if as_json:
        _print_json(attribution_record(weights, method, found))
        return
    _console(150).print(attribution_tables(weights, method, found))


@app.command()
def methods(as_json: JsonOption = False) -> None:
    """List the methods: what they assume, where they apply, what they cost.

    Example: heurex methods
    """
    from dataclasses import asdict

    from heurex.estimators import methods as list_methods
    from heurex.report.terminal import methods_table

    if as_json:
        _print_json([asdict(method) for method in list_methods()])
        return
    _console(170).print(methods_table(list_methods()))


@app.command()
def scan(
    model: ModelArgument,
    method: MethodOption = "original",
    setting: Annotated[str, typer.Option(help="The setting to vary.")] = "latent_prob",
    low: Annotated[float, typer.Option(help="Its least value.")] = 0.02,
    high: Annotated[float, typer.Option(help="Its greatest value.")] = 0.6,
    steps: Annotated[int, typer.Option(help="How many values.")] = 30,
    models: Annotated[int, typer.Option(help="Noisy copies.")] = 256,
    sigma: Annotated[float, typer.Option(help="Standard deviation of the noise.")] = 0.05,
    seed: Annotated[int, typer.Option(help="Seed of the ensemble.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Figure to write: .png, .svg or .pdf.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Score a method on noisy copies for a range of values of one setting.

    Example: heurex scan m43 --setting latent_prob --low 0.02 --high 0.6 --out scan.svg
    """
    from dataclasses import asdict

    from heurex.report.figures import save_figure, scan_figure
    from heurex.scoring.ensembles import noisy_copies
    from heurex.scoring.scan import scan as run_scan
    from heurex.zoo import load

    if steps < 1:
        raise UsageError(f"steps is {steps}; expected at least 1")
    values = [low + (high - low) * i / max(1, steps - 1) for i in range(steps)]
    found = run_scan(noisy_copies(load(model), sigma, models, seed), method, setting, values)
    if out is not None:
        save_figure(scan_figure(found, f"{method}, {models} noisy copies of {model}, sigma {sigma}"), out)
    if as_json:
        _print_json(asdict(found))
        return
    for value, one in zip(found.values, found.scores, strict=True):
        print(f"{setting} = {value:.4g}: RMS error {100 * one.rmse:.3f}%, bias {100 * one.bias:+.3f}%")
    print(f"least RMS error at {setting} = {found.best:.4g}")


def _console(width: int) -> Console:
    """As wide as the terminal, or as a table needs where there is none."""
    return Console(width=None if sys.stdout.isatty() else width)


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
        _print_json(found.summary)
        return
    print_reproduction(_console(170), found.summary)
    print(f"written to {folder}: figure1.png, figure1.svg, results.parquet, summary.json")


def main() -> None:
    """Run the command line; every refusal is one sentence on standard error."""
    code = 0
    try:
        code = app(standalone_mode=False) or 0
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
