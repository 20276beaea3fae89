"""A family of simulated listeners: one catalogue for all, and tastes that some of them share."""

from __future__ import annotations

from datetime import date

from emulator.simulator import LAST_DAY, Simulation, simulate

NAMES = ("ada", "ben", "cleo", "dan", "eve", "finn", "gia", "hal")
# Members who love the same artists, by their places: the others go their own ways.
ALIKE = ((0, 1), (3, 4))


def simulate_family(
    count: int, *, seed: int = 1, days: int = 365, end: date = LAST_DAY, plays_per_day: float = 55.0
) -> list[Simulation]:
    """Invent `count` listeners of one household: `ada` and `ben` love the same artists, from five on `dan` and `eve`.

    Each has days, sessions and luck of their own. Raises ValueError for fewer than one, or what `simulate` refuses.
    """
    if count < 1:
        raise ValueError(f"a family has members: count={count}")
    tracks = max(200, round(54.5 * (days * plays_per_day * min(count, 4)) ** 0.361))
    return [
        simulate(
            seed=seed + 1000 * place,
            days=days,
            end=end,
            plays_per_day=plays_per_day,
            user_id=name_of(place),
            track_count=tracks,
            catalogue_seed=seed,
            taste_seed=seed + 1000 * taste_of(place),
        )
        for place in range(count)
    ]


def name_of(place: int) -> str:
    """The name of the member at a place, counted from 0."""
    return NAMES[place] if place < len(NAMES) else f"listener-{place + 1}"


def taste_of(place: int) -> int:
    """The place of the member whose taste it is: the first of those who are alike, else one's own."""
    return next((pair[0] for pair in ALIKE if place in pair), place)
