"""Every table in one run: cones, estimates of models, sampling, whole processes, sweeps.

Run ``python -m benchmarks [--quick]`` from the repository root. All that is timed in this process takes
turns, round by round, and medians are compared.
"""

from __future__ import annotations

import argparse
import os
import platform

from benchmarks import cones, models, processes, sampling, sweeps
from benchmarks.table import console


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="fewer cones and rounds: rough figures, within 90 s"
    )
    quick = parser.parse_args().quick
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    console.print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {load}, Python {platform.python_version()}"
    )
    cones.show(quick)
    models.show(quick)
    sampling.show(quick)
    processes.show(quick)
    sweeps.show(quick)


if __name__ == "__main__":
    main()
