"""Facts about time zones that the IANA names do not carry."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def southern_zones() -> frozenset[str]:
    """IANA zones whose main city lies south of the equator, where seasons are the other way round.

    Source: zone1970.tab of the tz database, second column: coordinates as ±DDMM±DDDMM.
    """
    lines = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8").splitlines()
    fields = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return frozenset(zone for _, coordinates, zone, *_ in fields if coordinates.startswith("-"))
