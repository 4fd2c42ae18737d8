"""Sweeps: time, memory, two processes beside one, the same rows on a cluster and after kills.

``python -m benchmarks.sweeps`` runs the full sizes (a quarter of an hour on two cores), ``--models`` other ones, and a
name only that part: ``million``, ``processes``, ``dask`` or ``kills``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.table import console, duration, print_table

__all__ = ["show"]

_SWEEP = (sys.executable, "-c", "from heurex.cli import main; main()", "sweep")


def write_spec(folder: Path, models: int) -> Path:
    """Noisy copies of the bundled (4, 3) under exact and original."""
    path = folder / f"{models}.toml"
    path.write_text(
        f'models = ["m43"]\nsigma = [0.05]\ncopies = {models}\nmethods = ["original"]\ncount_ops = 0\n'
    )
    return path


def family(pid: int) -> list[int]:
    """A process and all its descendants, whichever thread began them."""
    found = [pid]
    for threads in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = threads.read_text().split()
        except OSError:
            continue
        found += [member for child in children for member in family(int(child))]
    return found


def resident_mb(pid: int) -> float:
    """Resident memory of a process and its descendants together, in MB."""
    total = 0.0
    for member in family(pid):
        try:
            pages = Path(f"/proc/{member}/statm").read_text().split()[1]
        except OSError:
            continue
        total += int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return total


def measured(spec: Path, out: Path, *options: str) -> tuple[dict[str, object], float, float]:
    """A sweep from the command line: what it says, its seconds, and the most memory its processes had together."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [*_SWEEP, str(spec), "--out", str(out), "--json", *options], stdout=subprocess.PIPE, text=True
    )
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, resident_mb(process.pid))
        time.sleep(0.05)
    assert process.stdout is not None
    said = process.stdout.read()
    if process.returncode:
        raise SystemExit(f"the sweep ended with {process.returncode}")
    return json.loads(said), time.perf_counter() - begun, peak


def million(folder: Path, models: int) -> None:
    """Time and memory of two sweeps, one of ten times as many models."""
    rows = []
    for count in (models // 10, models):
        found, seconds, peak = measured(write_spec(folder, count), folder / f"million-{count}")
        rows.append((f"{count:,}", duration(seconds), f"{count / seconds:,.0f}", f"{peak:,.0f}"))
        assert found["models"] == count
    print_table(
        "Noisy copies of m43, exact and original, all cores",
        ["models", "time", "models a second", "peak of all processes together, MB"],
        rows,
    )


def processes(folder: Path, models: int, rounds: int = 3) -> None:
    """Rate on two processes beside one, in turns, starting and compiling left out."""
    spec = write_spec(folder, models)
    begin = write_spec(folder, 4096)
    seconds: dict[int, list[float]] = {1: [], 2: []}
    digests = set()
    for turn in range(rounds):
        for count in (1, 2):
            name = f"processes-{turn}-{count}"
            start, _, _ = measured(begin, folder / f"{name}-start", "--processes", str(count))
            found, _, _ = measured(spec, folder / name, "--processes", str(count))
            seconds[count].append(float(str(found["wall_s"])) - float(str(start["wall_s"])))
            digests.add(found["digest"])
    assert len(digests) == 1, digests
    one, two = (median(values) for values in seconds.values())
    rate = [f"{(models - 4096) / value:,.0f}" for value in (one, two)]
    print_table(
        f"{models:,} models on two processes beside one, medians of {rounds} turns; rows are equal",
        ["one process, models a second", "two processes", "ratio"],
        [(*rate, f"{one / two:.2f}")],
    )


def dask(folder: Path, models: int) -> None:
    """A cluster of processes on this machine beside local processes."""
    spec = write_spec(folder, models)
    here, here_s, _ = measured(spec, folder / "dask-here")
    there, there_s, _ = measured(spec, folder / "dask-there", "--dask", "local:2")
    rows = [
        ("local", duration(here_s), str(here["digest"])),
        ("--dask local:2", duration(there_s), str(there["digest"])),
    ]
    print_table(
        f"{models:,} models; the rows are {'the same' if here['digest'] == there['digest'] else 'NOT THE SAME'}",
        ["where", "time", "digest of all rows"],
        rows,
    )


def kills(folder: Path, models: int, times: int = 20) -> None:
    """Kill -9 at random moments, every fourth time of a Dask worker, and go on each time."""
    spec = write_spec(folder, models)
    undisturbed, _, _ = measured(spec, folder / "kills-undisturbed")
    work_s = float(str(undisturbed["wall_s"]))
    moments = random.Random(0)
    killed = {"main process": 0, "Dask worker": 0}
    digests: list[str] = []
    out = folder / "kills-0"
    while sum(killed.values()) < times:
        on_dask = sum(killed.values()) % 4 == 3
        process = subprocess.Popen(
            [*_SWEEP, str(spec), "--out", str(out), *(["--dask", "local:2"] if on_dask else [])],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        await_parts(process, out, parts_in(out))
        time.sleep(moments.uniform(0, 0.5) * work_s)
        workers = [pid for pid in family(process.pid)[1:] if is_worker(pid)]
        if process.poll() is None and on_dask and workers:
            killed["Dask worker"] += 1
            os.kill(moments.choice(workers), signal.SIGKILL)
        elif process.poll() is None and not on_dask:
            killed["main process"] += 1
            process.kill()
        # without its main process a sweep ends; without one worker the others finish it
        if process.wait() == 0:
            digests.append(json.loads(again(spec, out))["digest"])
            out = folder / f"kills-{len(digests)}"
    digests.append(json.loads(again(spec, out))["digest"])
    equal = set(digests) == {undisturbed["digest"]}
    print_table(
        f"{models:,} models, kill -9 at random moments and continued: "
        f"all {len(digests)} tables {'equal' if equal else 'DO NOT EQUAL'} the undisturbed one",
        ["killed", "times"],
        [(name, str(count)) for name, count in killed.items()],
    )


def await_parts(process: subprocess.Popen[bytes], out: Path, before: int) -> None:
    """Until a sweep has begun to write, or is over."""
    begun = time.perf_counter()
    while process.poll() is None and parts_in(out) == before and time.perf_counter() - begun < 120:
        time.sleep(0.01)


def again(spec: Path, out: Path) -> str:
    """The same command once more, until nothing else writes there."""
    command = [*_SWEEP, str(spec), "--out", str(out), "--json"]
    for _ in range(50):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout
        time.sleep(1)
    raise SystemExit(f"another process goes on writing to {out}")


def parts_in(out: Path) -> int:
    """How many parts are written."""
    return len(list((out / "rows").glob("*.parquet")))


def is_worker(pid: int) -> bool:
    """Whether a process is one that Dask or a pool started, and no tracker of resources."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return b"spawn_main" in line


def show(quick: bool) -> None:
    """Print what fits beside the other benchmarks."""
    with tempfile.TemporaryDirectory() as folder:
        million(Path(folder), 20_000 if quick else 200_000)


def main() -> None:
    """Print the tables."""
    parts = {"million": 1_000_000, "processes": 100_000, "dask": 20_000, "kills": 100_000}
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweeps", description=__doc__)
    parser.add_argument("part", nargs="*", choices=[*parts, []], help="only these; by default all")
    parser.add_argument("--models", type=int, help="instead of each part's full size")
    given = parser.parse_args()
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    console.print(f"{os.cpu_count()} cores, load {load}")
    for name in given.part or parts:
        with tempfile.TemporaryDirectory() as folder:
            globals()[name](Path(folder), given.models or parts[name])


if __name__ == "__main__":
    main()
