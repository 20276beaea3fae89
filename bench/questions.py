"""Measures the questions of tests/assistant/questions.py: `python bench/questions.py FILE [--held-out]`.

FILE: what `serving.making.make_store` wrote for a lake of `lakesong demo`, built for 2026-11-01.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parents[1]))

from serving.store import Store
from tests.assistant.measuring import RIGHT, VIEWS, judge, rates
from tests.assistant.questions import HELD_OUT, OPEN


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--held-out", action="store_true", help="measure the held-out third too")
    options = parser.parse_args()
    plays = duckdb.connect(":memory:")
    plays.execute(f"ATTACH '{options.file}' AS lake (READ_ONLY)")
    plays.execute("USE lake")
    plays.execute(VIEWS)
    store = Store(options.file)
    for name, questions in (("open", OPEN), ("held out", HELD_OUT))[: 2 if options.held_out else 1]:
        seconds, judged = [], []
        for asked in questions:
            begun = time.perf_counter()
            judged.append(judge(store, plays, asked))
            seconds.append(time.perf_counter() - begun)
        for one in judged if name == "open" else ():
            if one.verdict != RIGHT:
                print(f"{one.verdict}: {one.asked.text!r} {one.asked.after}")
                print(f"    said {one.reply.value!r}: {one.reply.sentence[:150]}\n    expected {one.expected}")
        seconds.sort()
        print(
            f"{name}: {len(judged)} questions, {rates(judged)}, median {seconds[len(seconds) // 2] * 1000:.0f} ms, "
            f"p95 {seconds[int(len(seconds) * 0.95)] * 1000:.0f} ms, slowest {seconds[-1] * 1000:.0f} ms"
        )


if __name__ == "__main__":
    main()
