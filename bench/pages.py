"""Measures the dashboard: every page and API query asked by several clients at once, the first page, and its memory.

    python bench/pages.py LAKE [--listener demo] [--clients 8] [--rounds 4] [--pause 0.5]

Each client asks for all addresses in an order of its own, again and again, with another range in each round, and other
artists, albums and tracks: what it asks for was mostly not asked before. Three passes: with a pause after each answer,
as people who read; without one, other addresses, so that the two cores are always busy; and those addresses again.
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import psutil
import requests

PROJECT = Path(__file__).parent.parent
sys.path.insert(0, str(PROJECT))  # The project's modules, when this file is run as a script.

import dashboard.pages  # noqa: E402, F401  declares the pages
from config.settings import Settings  # noqa: E402
from dashboard.view import PAGES  # noqa: E402
from serving.making import make_store  # noqa: E402
from serving.store import Store  # noqa: E402

BAR_MS, BAR_MB, BAR_FIRST_S = 100, 400, 2.0
RANGES = ("365d", "all", "90d", "2023", "28d", "2021", "7d", "2019", "2025", "2020-05")
_MOST = "SELECT {} AS value FROM {} WHERE period_kind = 'all_time' ORDER BY time_rank LIMIT 400"
ABOUT_ONE = {
    "/artist": ("key", _MOST.format("artist_key", "artist_stats")),
    "/album": ("key", _MOST.format("album_key", "album_stats")),
    "/track": ("key", _MOST.format("recording_id", "track_stats")),
    "/genre": ("name", _MOST.format("genre", "genre_stats")),
    "/search": ("q", _MOST.format("artist_name", "artist_stats")),
    "/session": ("id", "SELECT session_id AS value FROM listening_sessions ORDER BY start_count DESC LIMIT 400"),
    "/playlist": ("id", "SELECT playlist_id AS value FROM playlist_vibes WHERE basis = 'measured' LIMIT 40"),
}
QUERIES = (
    "/api/v1/summary",
    "/api/v1/top/artists?by=plays",
    "/api/v1/top/tracks?limit=50",
    "/api/v1/top/albums",
    "/api/v1/top/genres",
    "/api/v1/tables",
    "/api/v1/tables/listening_with_features?limit=100",
    "/api/v1/tables/daily_listening",
    "/api/v1/tables/track_stats?period_kind=year",
    "/api/v1/tables/wellbeing_indicators",
    "/api/v1/search?q=the",
)


@dataclass
class Told:
    """Answer times in milliseconds by route, and what went wrong."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    wrong: list[str] = field(default_factory=list)


def main() -> int:
    """Measure, print; 1 if a bar was missed."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="lakesong-pages-") as state:
        settings = Settings(_env_file=None, lake_uri=options.lake, state_dir=Path(state))
        began = time.perf_counter()
        store = Store(make_store(settings, options.listener))
        made_s = time.perf_counter() - began
        plays = store.row("SELECT count(*) AS plays FROM listening_with_features")
        values = {path: [row["value"] for row in store.rows(query)] for path, (_, query) in ABOUT_ONE.items()}
        store.close()
        port = _free_port()
        process, first_s = _started(options.lake, state, port)
        try:
            watched = _Memory(process.pid)
            read = _load(port, options, values, first_turn=100, pause=options.pause)
            passes = [
                (f"first asked, {options.pause:g} s between", read),
                ("first asked, no pause", _load(port, options, values, first_turn=0)),
                ("asked again, no pause", _load(port, options, values, first_turn=0)),
            ]
            peak = watched.stop()
        finally:
            process.terminate()
            process.wait(20)
    assert plays is not None
    return _report(plays["plays"], made_s, first_s, peak, passes, options)


def _started(lake: str, state: str, port: int) -> tuple[subprocess.Popen[bytes], float]:
    """A server, and the seconds from its start to the end of its first page."""
    command = [sys.executable, "-m", "cli", "serve", "--port", str(port), "--no-browser"]
    environment = {**os.environ, "LAKE_URI": lake, "STATE_DIR": state}
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL)
    while True:
        try:
            answer = requests.get(f"http://127.0.0.1:{port}/top", timeout=30)
        except requests.ConnectionError:
            if process.poll() is not None:
                raise SystemExit("The server did not start.") from None
            time.sleep(0.02)
            continue
        if answer.status_code == 200:
            return process, time.perf_counter() - began
        time.sleep(0.05)


def _load(
    port: int, options: argparse.Namespace, values: dict[str, list[str]], first_turn: int, pause: float = 0.0
) -> Told:
    told, lock = Told(), threading.Lock()
    clients, rounds = options.clients, options.rounds

    def client(number: int) -> None:
        luck = random.Random(number + 1000 * first_turn)
        # A bare connection, as light as can be: the clients share the server's two cores.
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        for turn in range(rounds):
            addresses = list(_addresses(values, luck, number * rounds + turn))
            time.sleep(pause * luck.random())
            luck.shuffle(addresses)
            for route, address in addresses:
                began = time.perf_counter()
                connection.request("GET", address)
                answer = connection.getresponse()
                answer.read()
                took = 1000 * (time.perf_counter() - began)
                with lock:
                    told.times[route].append(took)
                    if answer.status != 200:
                        told.wrong.append(f"{answer.status} {address}")
                time.sleep(pause)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def _addresses(values: dict[str, list[str]], luck: random.Random, turn: int) -> list[tuple[str, str]]:
    found = []
    chosen = {about: luck.choice(of) for about, of in values.items() if of}
    for path, page in PAGES.items():
        parameters = {"range": RANGES[turn % len(RANGES)]} if page.has_range else {}
        about = f"/{path.split('/')[1]}"  # /artist/sound is about the same artist as /artist
        if about in ABOUT_ONE:
            if about not in chosen:
                continue
            parameters[ABOUT_ONE[about][0]] = chosen[about]
        found.append((path, f"{path}?{urlencode(parameters)}" if parameters else path))
    return found + [(query.partition("?")[0], query) for query in QUERIES]


class _Memory:
    """The largest memory of a process and its children (RSS), in MB."""

    def __init__(self, pid: int) -> None:
        self._process, self._peak, self._own, self._stop = psutil.Process(pid), 0.0, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(0.05):
            self._peak = max(self._peak, self._process.memory_info().rss / 1e6)

    def stop(self) -> float:
        self._stop.set()
        self._thread.join()
        return self._peak


def _report(
    plays: int, made_s: float, first_s: float, peak: float, passes: list[tuple[str, Told]], options: argparse.Namespace
) -> int:
    print(f"{plays:,} plays, {options.clients} clients, {options.rounds} rounds each, {os.cpu_count()} cores\n")
    print(
        f"file of the listener made in {made_s:.1f} s; first page {first_s:.2f} s after the start (bar {BAR_FIRST_S})"
    )
    print(f"memory of the server at most {peak:.0f} MB (bar {BAR_MB})\n")
    print(f"| address | {' | '.join(f'{name}: p50, p95 (ms)' for name, _ in passes)} |\n|---|{'---|' * len(passes)}")
    missed = first_s > BAR_FIRST_S or peak > BAR_MB
    for route in sorted(passes[0][1].times):
        cells = []
        for _, told in passes:
            times = sorted(told.times[route])
            p95 = times[min(len(times) - 1, round(0.95 * len(times)))]
            missed = missed or p95 > BAR_MS
            cells.append(f"{statistics.median(times):.0f}, {p95:.0f}{' (over)' if p95 > BAR_MS else ''}")
        print(f"| {route} | {' | '.join(cells)} |")
    for name, told in passes:
        times = sorted(time for all_of_route in told.times.values() for time in all_of_route)
        print(f"\n{name}: {len(times):,} answers, p50 {statistics.median(times):.0f} ms, "
              f"p95 {times[round(0.95 * (len(times) - 1))]:.0f} ms, {len(told.wrong)} went wrong")  # fmt: skip
        for address in sorted(set(told.wrong))[:10]:
            print(f"  {address}")
        missed = missed or bool(told.wrong)
    return int(missed)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lake", help="folder of a built lake")
    parser.add_argument("--listener", default="demo")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--pause", type=float, default=0.5, help="seconds between an answer and the next question")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
