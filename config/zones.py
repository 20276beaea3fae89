"""Facts about time zones that the IANA names do not carry."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def southern_zones() -> frozenset[str]:
    """IANA zones whose main city lies south of the equator, where seasons are the other way round.

    Older names (`NZ`, `Brazil/East`) are found by the links of the tz database, which may lead over several steps.
    """
    located = {zone: coordinates for _, coordinates, zone in _zone_tab()}
    links = dict(line.split()[2:0:-1] for line in _read("tzdata.zi") if line.startswith("L "))

    def is_southern(zone: str) -> bool:
        if zone in located:
            return located[zone].startswith("-")
        return zone in links and is_southern(links[zone])

    return frozenset(zone for zone in located.keys() | links.keys() if is_southern(zone))


def zones_of_country(code: str) -> list[str]:
    """IANA zones of a country, given by its two letters (ISO 3166), the most peopled first."""
    return [zone for country, _, zone in _zone_tab() if country == code.upper()]


@cache
def _zone_tab() -> list[tuple[str, str, str]]:
    """Country, coordinates (±DDMM±DDDMM) and name of each zone: zone.tab of the tz database."""
    fields = [line.split("\t") for line in _read("zone.tab") if line and not line.startswith("#")]
    return [(country, coordinates, zone) for country, coordinates, zone, *_ in fields]


def _read(name: str) -> list[str]:
    """The lines of a file of the tz database, as the package tzdata ships it."""
    return files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8").splitlines()
