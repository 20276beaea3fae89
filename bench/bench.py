"""Measures speed and peak memory on this machine, each figure beside its bar: `make bench`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psutil

PROJECT = Path(__file__).parent.parent
sys.path.insert(0, str(PROJECT))  # The project's modules, when this file is run as a script.

from cycle import listener_at_the_emulator  # noqa: E402

from config.settings import Settings  # noqa: E402
from emulator.export_files import write_extended_export  # noqa: E402
from emulator.simulator import LAST_DAY, simulate  # noqa: E402
from terminal.demo import EXPORT, KAGGLE_FILE, write_files  # noqa: E402

DAYS = 3650
AS_OF = str(LAST_DAY + timedelta(days=1))
SAMPLE_S = 0.02


@dataclass(frozen=True)
class Bar:
    """What a figure may be at most: seconds, and GB of memory."""

    seconds: float | None = None
    gigabytes: float | None = None


@dataclass(frozen=True)
class Figure:
    """One measured step: wall and processor time, peak memory (process and children), and what it printed."""

    name: str
    engine: str
    seconds: float
    cpu_seconds: float
    gigabytes: float
    bar: Bar = Bar()
    note: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the figure stays under its bar."""
        return self.seconds < (self.bar.seconds or float("inf")) and self.gigabytes < (
            self.bar.gigabytes or float("inf")
        )


def main() -> int:
    """Measure, print, and write what was asked for; 1 if a bar was missed."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="lakesong-bench-") as name:
        folder = Path(name)
        files = folder / "files"
        _say(f"simulating {options.plays:,} plays")
        write_files(files, days=DAYS, seed=1, plays_per_day=options.plays / DAYS)
        later = folder / "later.zip"
        write_extended_export(simulate(seed=2, days=1, plays_per_day=55.0, end=date.fromisoformat(AS_OF)), later)
        figures = _demo(folder / "demo") + _large(folder / "embedded", files, later, options.plays, "embedded", {})
        if not options.skip_spark:
            spark = {"SPARK_MASTER": "local[2]"}
            figures += _large(folder / "spark", files, later, options.plays, "spark local[2]", spark)
        if options.cycle_plays:
            figures += _cycle(folder / "cycle", options.cycle_plays)
            lake = str(folder / "cycle" / "lake")
            subprocess.run([sys.executable, PROJECT / "bench" / "pages.py", lake], check=False)  # prints its own table
    table = _table(figures)
    print("\n".join(table))
    if options.json:
        rows = [{**asdict(figure), "is_met": figure.is_met} for figure in figures]
        options.json.write_text(json.dumps({"machine": _machine(), "figures": rows}, indent=2) + "\n")
    if options.markdown:
        options.markdown.write_text(_markdown(table), encoding="utf-8")
    return 0  # a missed bar is in the table: on a shared machine it is a figure, not a failure


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plays", type=int, default=250_000, help="plays to simulate over ten years")
    parser.add_argument("--cycle-plays", type=int, default=1_000_000, help="plays in the lake of a cycle; 0 for none")
    parser.add_argument("--skip-spark", action="store_true", help="measure the embedded engine alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON, too")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table as Markdown, too")
    return parser.parse_args()


def _demo(folder: Path) -> list[Figure]:
    """The demo in a fresh lake, and again."""
    bar = Bar(30, 1.5)
    return [_measured(name, "embedded", folder, {}, [["demo"]], bar) for name in ("demo", "demo again")]


def _large(
    folder: Path, files: Path, later: Path, plays: int, engine: str, environment: dict[str, str]
) -> list[Figure]:
    """Years of listening taken in and built, taken in again, and one day more. Bars are for the embedded engine."""
    export, catalogue = str(files / EXPORT), str(files / KAGGLE_FILE)
    build = ["build", "--as-of", AS_OF]
    has_bars = engine == "embedded"
    whole = [["import", "--no-build", export], ["import-catalog", catalogue], build]
    again, day = [["import", "--no-build", "--json", export]], [["import", "--no-build", str(later)]]
    steps: list[tuple[str, list[list[str]], Bar]] = [
        (f"import and build {plays:,} plays", whole, Bar(60, 2.0)),
        ("import the same file again", again, Bar(20)),
        ("import one day more", day, Bar()),
        ("build after that day", [build], Bar()),
    ]
    figures = [
        _measured(name, engine, folder, environment, commands, bar if has_bars else Bar())
        for name, commands, bar in steps
    ]
    return figures


def _cycle(folder: Path, plays: int) -> list[Figure]:
    """A lake of many plays, and one whole cycle that brings fifty more."""
    files = folder / "files"
    _say(f"simulating {plays:,} plays")
    rate = plays / DAYS
    write_files(files, days=DAYS, seed=1, plays_per_day=rate)
    taken_in = [["import", "--no-build", str(files / EXPORT)], ["import-catalog", str(files / KAGGLE_FILE)]]
    built = [["build", "--as-of", AS_OF]]
    figures = [
        _measured(f"import {plays:,} plays", "embedded", folder, {}, taken_in, Bar()),
        _measured(f"full build of everything, {plays:,} plays", "embedded", folder, {}, built, Bar(90, 3.0)),
    ]
    simulation = simulate(seed=1, days=DAYS, plays_per_day=rate)
    with listener_at_the_emulator(simulation, folder / "lake", folder / "state") as (environment, hear, requests):
        _measured("a cycle with nothing new", "embedded", folder, environment, [["ingest"]], Bar())
        hear()
        before = requests()
        figure = _measured(
            f"a cycle with 50 new plays into {plays:,}", "embedded", folder, environment, [["ingest"]], Bar(10)
        )
        figures.append(replace(figure, note=f"{requests() - before} requests"))
    return figures


def _measured(
    name: str, engine: str, folder: Path, environment: dict[str, str], commands: Sequence[Sequence[str]], bar: Bar
) -> Figure:
    """Run the commands one after the other, each a process of its own: times add up, the largest memory counts."""
    seconds = cpu = peak = 0.0
    note = ""
    for command in commands:
        _say(f"{engine}: {name} ({command[0]})")
        one, busy, memory, out = _run(command, folder, environment)
        seconds, cpu, peak = seconds + one, cpu + busy, max(peak, memory)
        if "--json" in command:
            note = f"{json.loads(out)['total']['new']:,} new rows"
    return Figure(name, engine, seconds, cpu, peak / 1e9, bar, note)


def _run(arguments: Sequence[str], folder: Path, environment: dict[str, str]) -> tuple[float, float, float, str]:
    """Wall and processor seconds, peak memory of the process tree in bytes, and standard output of one command."""
    folder.mkdir(exist_ok=True)
    outside = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    env = {**outside, "LAKE_URI": str(folder / "lake"), "STATE_DIR": str(folder / "state"), **environment}
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, PROJECT / "cli.py", *arguments], cwd=folder, env=env, stdout=subprocess.PIPE, text=True
    )
    peaks = [0.0]
    sampler = threading.Thread(target=_sample, args=(process.pid, peaks), daemon=True)
    sampler.start()
    assert process.stdout is not None
    out = process.stdout.read()
    # The kernel's own peak of the process itself, which sampling may miss.
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    sampler.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}\n{out}")
    own_peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return seconds, usage.ru_utime + usage.ru_stime, max(peaks[0], own_peak), out


def _sample(pid: int, peaks: list[float]) -> None:
    """Keep the largest sum of resident memory over the process and its descendants, until it ends."""
    try:
        process = psutil.Process(pid)
        while process.status() != psutil.STATUS_ZOMBIE:
            peaks[0] = max(peaks[0], sum(map(_resident, [process, *process.children(recursive=True)])))
            time.sleep(SAMPLE_S)
    except psutil.Error:
        return


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _table(figures: list[Figure]) -> list[str]:
    """A Markdown table, aligned for a terminal too."""
    embedded = {figure.name: figure.seconds for figure in figures if figure.engine == "embedded"}
    rows = [["what", "engine", "time", "bar", "processor", "peak memory", "bar", "met", "against embedded"]]
    for figure in figures:
        bar = figure.bar
        rows.append(
            [
                figure.name + (f" ({figure.note})" if figure.note else ""),
                figure.engine,
                f"{figure.seconds:.1f} s",
                f"{bar.seconds:g} s" if bar.seconds else "",
                f"{figure.cpu_seconds:.1f} s",
                f"{figure.gigabytes:.2f} GB",
                f"{bar.gigabytes:g} GB" if bar.gigabytes else "",
                "" if bar == Bar() else "yes" if figure.is_met else "NO",
                "" if figure.engine == "embedded" else f"{figure.seconds / embedded[figure.name]:.1f} times",
            ]
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]


def _machine() -> dict[str, str]:
    model = platform.processor() or platform.machine()
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        names = [line.split(":", 1)[1].strip() for line in facts.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "processor": model,
        "cores": str(psutil.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "load": f"{os.getloadavg()[0]:.1f} at the end",
    }


def _markdown(table: list[str]) -> str:
    facts = ", ".join(f"{name}: {value}" for name, value in _machine().items())
    head = [
        "# Measurements",
        "",
        "Written by `.venv/bin/python bench/bench.py --markdown docs/bench.md`. Wall time with the start of Python and",
        "engine, each command a process of its own; processor time is that of all its threads; memory is the peak of",
        "the process and its children, in 10^9 bytes. The full build is the first one of a lake: it makes every table.",
        "",
        facts + ".",
        "",
    ]
    return "\n".join([*head, *table]) + "\n"


def _say(line: str) -> None:
    width = shutil.get_terminal_size().columns
    if sys.stderr.isatty():
        print(f"\r{line[: width - 1]:<{width - 1}}", end="", file=sys.stderr, flush=True)
    else:
        print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
