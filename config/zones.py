"""Facts about time zones that the IANA names do not carry."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def southern_zones() -> frozenset[str]:
    """IANA zones whose main city lies south of the equator, where seasons are the other way round."""
    return frozenset(zone for _, coordinates, zone in _zone_tab() if coordinates.startswith("-"))


def zones_of_country(code: str) -> list[str]:
    """IANA zones of a country, given by its two letters (ISO 3166), the most peopled first."""
    return [zone for country, _, zone in _zone_tab() if country == code.upper()]


@cache
def _zone_tab() -> list[tuple[str, str, str]]:
    """Country, coordinates (±DDMM±DDDMM) and name of each zone: zone.tab of the tz database."""
    lines = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8").splitlines()
    fields = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(country, coordinates, zone) for country, coordinates, zone, *_ in fields]
