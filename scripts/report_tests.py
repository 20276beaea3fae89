"""Writes what a run of the tests gave as a page: `python scripts/report_tests.py RESULTS.xml PAGE.md`.

RESULTS.xml is what pytest writes with --junitxml (the format of JUnit).
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path
from xml.etree import ElementTree

HEAD = """# The long tests

Written by `make test-long`, which runs what takes minutes too: both engines over the whole demo, kill points,
statistics over hundreds of simulated listeners, every page in a browser at a million plays. Seconds are added up over
the tests of a file, which ran beside others on the same cores.

"""


def page_of(results: ElementTree.Element) -> str:
    """The page: when it ran, and a row for each file with how its tests ended."""
    ended: dict[str, Counter[str]] = defaultdict(Counter)
    seconds: dict[str, float] = defaultdict(float)
    for case in results.iter("testcase"):
        file = case.get("classname", "").replace(".", "/") + ".py"
        ended[file][_ending(case)] += 1
        seconds[file] += float(case.get("time", 0))
    suite = next(results.iter("testsuite"))
    wall = float(suite.get("time", 0)) / 60
    rows = [
        f"| {file} | {told['passed']} | {told['failed']} | {told['skipped']} | {seconds[file]:.0f} |"
        for file, told in sorted(ended.items())
    ]
    total = sum(ended.values(), Counter())
    told = ", ".join(f"{total[how]} {how}" for how in ("passed", "failed", "skipped"))
    table = "| tests | passed | failed | skipped | seconds |\n|---|--:|--:|--:|--:|\n" + "\n".join(rows)
    return f"{HEAD}{suite.get('timestamp', '')[:10]}: {told}, in {wall:.0f} minutes.\n\n{table}\n"


def _ending(case: ElementTree.Element) -> str:
    if case.find("skipped") is not None:
        return "skipped"
    return "passed" if case.find("failure") is None and case.find("error") is None else "failed"


if __name__ == "__main__":
    results, page = sys.argv[1:]
    Path(page).write_text(page_of(ElementTree.parse(results).getroot()), encoding="utf-8")
