"""The page about a model as a verb: report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from heurex.cli.common import JsonOption, ModelArgument, app, print_json


@app.command()
def report(
    model: ModelArgument,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("page.html"),
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            "-m",
            help="A method, name?key=value&key=value; may be repeated. By default all explanations that apply.",
        ),
    ] = None,
    copies: Annotated[
        int, typer.Option(help="Noisy copies for Figure 1 and quality versus compute; 0 for none.")
    ] = 64,
    seed: Annotated[int, typer.Option(help="Seed of the noise.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Write one page to look at a model: its sphere of directions, estimates, errors, surprise and weights.

    Example: heurex report m43 --out page.html
    """  # fmt: skip
    from heurex.report.page import write_page
    from heurex.results import check_writable

    check_writable(out)
    with Console(stderr=True).status("computing; a first run compiles for about a minute"):
        record = write_page(model, out, method, copies=copies, seed=seed)
    if as_json:
        print_json(record)
        return
    print(
        f"{out} ({out.stat().st_size / 1000:.0f} kB): {len(record['truth'])} cells of {record['model']['name']}"
    )
