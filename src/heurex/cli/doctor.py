"""What this installation has: doctor."""

from __future__ import annotations

from heurex.cli.common import JsonOption, app, print_json


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Say what this installation has: versions, threads, kept kernels, optional parts; nothing is changed.

    Example: heurex doctor
    """
    from heurex.runs.doctor import examine

    found = examine()
    if as_json:
        print_json(found)
        return
    from heurex.report.terminal import doctor_lines

    print(doctor_lines(found))
