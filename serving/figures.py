"""What a release holds, in figures for those who look after the server."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline import declared_tables, latest_release
from schemas.lake import Lake

PLAYS = "listening_with_features"


def is_built(lake: Lake) -> bool:
    """Whether there is a release."""
    return latest_release(lake).finished_at is not None


def release_figures(lake: Lake) -> dict[str, float]:
    """release_age_seconds, and plays (of all listeners, from the statistics of the files); empty without a release."""
    release = latest_release(lake)
    if release.finished_at is None:
        return {}
    found = {"release_age_seconds": (datetime.now(UTC) - release.finished_at).total_seconds()}
    if PLAYS in release.versions:
        actions = lake.open(declared_tables()[PLAYS], release.versions[PLAYS]).get_add_actions(flatten=True)
        found["plays"] = float(sum(actions.column("num_records").to_pylist()))
    return found
