"""Verbs about one model: estimate, cells, explain, methods, scan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
from heurex.errors import NotApplicable, UsageError


@app.command()
def estimate(
    model: ModelArgument,
    method: MethodOption = "exact",
    settings: SettingOption = None,
    task: Annotated[
        str | None, typer.Option(help="What a file that does not say asks: argmax, 2nd_argmax, argmedian.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate a model's accuracy by one method, and say how far from the truth that is.

    Example: heurex estimate m43 --method original --set latent_prob=0.3
    """
    from heurex.estimators import Exact, make_estimator
    from heurex.report.records import estimate_record
    from heurex.zoo import load

    estimator = make_estimator(method, **read_settings(settings))
    weights = load(model, task=task)
    found = estimator.estimate(weights)
    truth = None
    if method != "exact" and weights.seq_len <= 3:
        truth = Exact().estimate(weights)
    if as_json:
        print_json(estimate_record(weights, found, truth))
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

    estimator = make_estimator(method, **read_settings(settings))
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
        print_json(
            {"model": weights.name, "estimator": found.estimator, "estimate": found.value, "cells": records},
            "cells",
        )
        return
    console(160).print(cells_table(found, listed, true))


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
    found = attribute(weights, make_estimator(method, **read_settings(settings)))
    if as_json:
        print_json(attribution_record(weights, method, found))
        return
    console(150).print(attribution_tables(weights, method, found))


@app.command()
def methods(as_json: JsonOption = False) -> None:
    """List the methods: what they assume, where they apply, what they cost.

    Example: heurex methods
    """
    from dataclasses import asdict

    from heurex.estimators import methods as list_methods
    from heurex.report.terminal import methods_table

    if as_json:
        print_json([asdict(method) for method in list_methods()], "methods")
        return
    console(170).print(methods_table(list_methods()))


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
    from heurex.report.style import check_figure_path
    from heurex.scoring.ensembles import noisy_copies
    from heurex.scoring.scan import scan as run_scan
    from heurex.zoo import load

    if out is not None:
        check_figure_path(out)
    if steps < 1:
        raise UsageError(f"steps is {steps}; expected at least 1")
    values = [low + (high - low) * i / max(1, steps - 1) for i in range(steps)]
    found = run_scan(noisy_copies(load(model), sigma, models, seed), method, setting, values)
    if out is not None:
        save_figure(scan_figure(found, f"{method}, {models} noisy copies of {model}, sigma {sigma}"), out)
    if as_json:
        print_json(asdict(found), "scan")
        return
    for value, one in zip(found.values, found.scores, strict=True):
        print(f"{setting} = {value:.4g}: RMS error {100 * one.rmse:.3f}%, bias {100 * one.bias:+.3f}%")
    print(f"least RMS error at {setting} = {found.best:.4g}")
