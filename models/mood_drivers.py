"""Why the music of an hour sounds as it does: what each artist, genre, device or context adds to the difference.

A part of the day is compared with the whole day, its own hours included. m is the mean of a feature over the whole
day, weighted by time; w and v are an item's part of that time and its mean; with p they are of the part of the day.
The difference of the part's mean from m is the sum over items of

- the share effect (w_p - w)(v - m): more, or less, of music that sounds otherwise than the whole day, and
- the within effect w_p (v_p - v): other tracks of the same item.

This is the split of Kitagawa 1955 (doi 10.2307/2281213) with the whole day as the standard; the terms add up since
the weights of either add up to 1. It says what goes together, not what causes what.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEATURES = ("valence", "energy")
LEAST_DAYS = 20
LEAST_FEATURE_SHARE = 0.6
MOST_ITEMS = 15
WHOLE, REST, UNKNOWN = "all", "others", "unknown"
PARTS_OF_DAY = {"night": range(5), "morning": range(5, 12), "afternoon": range(12, 17), "evening": range(17, 22)}
PARTS_OF_DAY["late"] = range(22, 24)
HARDLY = 0.01  # told with two decimals, a smaller difference is none

COLUMNS = (
    "clock_kind", "clock_bucket", "feature", "dimension", "item_place", "item", "is_rest", "play_count", "listened_ms",
    "measured_share", "coverage", "heard_day_count", "bucket_mean", "day_mean", "difference", "bucket_weight",
    "day_weight", "item_bucket_mean", "item_day_mean", "share_effect", "within_effect", "effect", "parts_difference",
    "sentence", "reason",
)  # fmt: skip
_TEXTS = ("clock_kind", "clock_bucket", "feature", "dimension", "item")
_WHOLE_NUMBERS = ("item_place", "play_count", "listened_ms", "heard_day_count")
_SUMS = ["play_count", "listened_ms", "feature_ms", "measured_feature_ms", "valence_ms", "energy_ms"]
_WORDS = {"valence": ("brighter", "darker"), "energy": ("more energetic", "calmer")}


def effects(part_ms: Floats, part_value: Floats, day_ms: Floats, day_value: Floats) -> tuple[Floats, Floats]:
    """Share effect and within effect of each item; over all items they add up to the difference of the two means.

    part_ms, day_ms: the items' times in the part and in the whole day (which holds the part; all positive);
    part_value, day_value: the feature times these times. An item without time in the part has no within effect.
    """
    weight, day_weight = part_ms / part_ms.sum(), day_ms / day_ms.sum()
    mean = day_value.sum() / day_ms.sum()
    own = day_value / day_ms
    here = np.divide(part_value, part_ms, out=own.copy(), where=part_ms > 0)
    return (weight - day_weight) * (own - mean), weight * (here - own)


def mood_drivers(sums: pd.DataFrame, hours: pd.DataFrame, kind: str) -> pd.DataFrame:
    """What explains the sound of each hour and part of the day, of one listener on one basis.

    sums: a row a dimension, item and hour_of_day with play_count, listened_ms, feature_ms (time with features),
    measured_feature_ms, valence_ms and energy_ms (the feature times its time); every dimension holds all listening.
    Items of the dimension genre_family are texts such as `pop:0.5|rock:0.5`, which are split. hours: a row a
    clock_kind and clock_bucket with heard_day_count, covered_hours and all_hours. kind: what the features are called
    in reasons. The columns are COLUMNS; the order of the rows given changes nothing.
    """
    # In one order, since sums of doubles hang on it in their last digit.
    items = _split_genres(sums.sort_values(["dimension", "item", "hour_of_day"], ignore_index=True))
    dimensions = {name: _dimension(rows) for name, rows in items.groupby("dimension", sort=True)}
    known = hours.set_index(["clock_kind", "clock_bucket"])
    rows: list[dict[str, Any]] = []
    for place, span in sorted(_buckets().items()):
        if place in known.index and known.at[place, "heard_day_count"] > 0:
            rows += _of_bucket(dimensions, place, span, known.loc[place], kind)
    return _typed(pd.DataFrame(rows, columns=list(COLUMNS)))


@dataclass(frozen=True)
class Dimension:
    """The items of a dimension that have time with features, by name, and their _SUMS: by sum, hour and item."""

    names: NDArray[np.object_]
    sums: Floats

    def of(self, name: str, span: range = range(24)) -> Floats:
        """One of the sums over some hours, an element an item."""
        found: Floats = self.sums[_SUMS.index(name), span.start : span.stop].sum(axis=0)
        return found


def _dimension(rows: pd.DataFrame) -> Dimension:
    summed = rows.groupby(["item", "hour_of_day"], sort=True)[_SUMS].sum()
    items, hours = (summed.index.get_level_values(level) for level in (0, 1))
    codes, names = pd.factorize(items, sort=True)
    cube = np.zeros((len(_SUMS), 24, len(names)))
    cube[:, hours.to_numpy(), codes] = summed.to_numpy().T
    return Dimension(names.to_numpy(), cube)


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    """Each column of its own type, also where it holds no value: texts as objects with None, numbers as floats."""
    texts = {
        name: rows[name].astype(object).where(rows[name].notna(), None) for name in (*_TEXTS, "sentence", "reason")
    }
    whole = {name: rows[name].astype("int64") for name in _WHOLE_NUMBERS}
    typed = {**texts, **whole, "is_rest": rows["is_rest"].astype(bool)}
    numbers = {name: rows[name].astype(float) for name in rows.columns if name not in typed}
    return rows.assign(**typed, **numbers)


def _buckets() -> dict[tuple[str, str], range]:
    by_hour = {("hour_of_day", f"{hour:02d}"): range(hour, hour + 1) for hour in range(24)}
    return by_hour | {("part_of_day", name): span for name, span in PARTS_OF_DAY.items()}


def _split_genres(sums: pd.DataFrame) -> pd.DataFrame:
    """Rows of the dimension genre_family once for each family, with its part of every sum."""
    is_genre = sums["dimension"] == "genre_family"
    others, mixed = sums[~is_genre].astype(dict.fromkeys(_SUMS, float)), sums[is_genre]
    parts = pd.DataFrame(
        [(text, *one.rsplit(":", 1)) for text in sorted(mixed["item"].unique()) for one in text.split("|")],
        columns=["item", "family", "part"],
    )
    each = mixed.merge(parts, on="item")
    each[_SUMS] = each[_SUMS].astype(float).mul(each["part"].astype(float), axis=0)
    return pd.concat([others, each.assign(item=each["family"])[others.columns]], ignore_index=True)


def _of_bucket(
    dimensions: dict[str, Dimension], place: tuple[str, str], span: range, known: pd.Series[Any], kind: str
) -> list[dict[str, Any]]:
    """The rows of one hour or part of the day: the total, then its split by each dimension."""
    whole = dimensions[min(dimensions)]
    listened, featured, measured = (
        float(whole.of(name, span).sum()) for name in ("listened_ms", "feature_ms", "measured_feature_ms")
    )
    covered, days = float(known["all_hours"]), int(known["heard_day_count"])
    all_day = float(whole.of("feature_ms").sum()) / max(float(whole.of("listened_ms").sum()), 1.0)
    reason = _reason(days, featured / max(listened, 1.0), all_day, kind)
    same = {
        **{"clock_kind": place[0], "clock_bucket": place[1], "heard_day_count": days},
        "measured_share": measured / listened if listened else np.nan,
        "coverage": float(known["covered_hours"]) / covered if covered else np.nan,
    }
    total = {"dimension": "total", "item_place": 1, "item": WHOLE, "is_rest": False, "reason": reason}
    total |= {"play_count": round(whole.of("play_count", span).sum()), "listened_ms": round(listened)}
    rows = []
    for feature in FEATURES:
        told = {**same, "feature": feature}
        if reason is not None:
            rows.append(told | total)
            continue
        here, day = (_mean(whole, feature, hours) for hours in (span, range(24)))
        told |= {"bucket_mean": here, "day_mean": day, "difference": here - day}
        split = [
            told | {"dimension": name} | row
            for name, items in dimensions.items()
            for row in _of_dimension(items, span, feature)
        ]
        sentence = _sentence(place, feature, told, split)
        rows += [told | total | {"effect": here - day, "parts_difference": here - day, "sentence": sentence}, *split]
    return rows


def _mean(items: Dimension, feature: str, span: range) -> float:
    return float(items.of(f"{feature}_ms", span).sum() / items.of("feature_ms", span).sum())


def _reason(days: int, here: float, all_day: float, kind: str) -> str | None:
    if days < LEAST_DAYS:
        return f"something was heard then on {days} days; {LEAST_DAYS} are needed"
    for share, what in ((here, "the listening time then"), (all_day, "all listening time")):
        if share < LEAST_FEATURE_SHARE:
            return f"only {int(100 * share)} % of {what} has {kind}; {int(100 * LEAST_FEATURE_SHARE)} % is needed"
    return None


def _of_dimension(items: Dimension, span: range, feature: str) -> list[dict[str, Any]]:
    """The items of one dimension, those with the largest effect first, and all others together."""
    heard = items.of("feature_ms") > 0
    time, value = (items.of(name, span)[heard] for name in ("feature_ms", f"{feature}_ms"))
    all_time, all_value = (items.of(name)[heard] for name in ("feature_ms", f"{feature}_ms"))
    plays, listened = (items.of(name, span)[heard] for name in ("play_count", "listened_ms"))
    by_share, within = effects(time, value, all_time, all_value)
    names = items.names[heard]
    # Rounded, so that effects which differ by an error of computing are put in order by name on every machine.
    order = np.lexsort([names, -np.round(np.abs(by_share + within), 15)])
    groups = [order[place : place + 1] for place in range(min(MOST_ITEMS, len(order)))]
    groups += [order[MOST_ITEMS:]] if len(order) > MOST_ITEMS else []
    rows = []
    for place, chosen in enumerate(groups):
        part_time, day_time = float(time[chosen].sum()), float(all_time[chosen].sum())
        rows.append(
            {
                "item_place": place + 1,
                "item": REST if place == MOST_ITEMS else names[chosen[0]],
                "is_rest": place == MOST_ITEMS,
                "play_count": round(float(plays[chosen].sum())),
                "listened_ms": round(float(listened[chosen].sum())),
                "bucket_weight": part_time / float(time.sum()),
                "day_weight": day_time / float(all_time.sum()),
                "item_bucket_mean": float(value[chosen].sum()) / part_time if part_time else np.nan,
                "item_day_mean": float(all_value[chosen].sum()) / day_time,
                "share_effect": float(by_share[chosen].sum()),
                "within_effect": float(within[chosen].sum()),
                "effect": float(by_share[chosen].sum() + within[chosen].sum()),
                "parts_difference": float(by_share.sum() + within.sum()),
            }
        )
    return rows


def _sentence(place: tuple[str, str], feature: str, means: dict[str, Any], split: list[dict[str, Any]]) -> str:
    """`calmer in the evening (energy 0.42, 0.55 over the whole day), mostly by more Ann (-0.05)`."""
    when = f"at {int(place[1])} h" if place[0] == "hour_of_day" else _WHEN[place[1]]
    told = f"({feature} {means['bucket_mean']:.2f}, {means['day_mean']:.2f} over the whole day)"
    difference = means["difference"]
    if abs(difference) < HARDLY:
        return f"as the whole day {when} {told}"
    word = _WORDS[feature][0 if difference > 0 else 1]
    fits = [
        row
        for row in split
        if row["dimension"] == "artist" and not row["is_rest"] and row["item"] != UNKNOWN
        and row["effect"] * difference > 0 and abs(row["effect"]) >= 0.2 * abs(difference)
    ]  # fmt: skip
    if not fits:
        return f"{word} {when} {told}"
    first = fits[0]
    by_share = abs(first["share_effect"]) >= abs(first["within_effect"])
    more = "more" if first["bucket_weight"] > first["day_weight"] else "less"
    how = f"{more} {first['item']}" if by_share else f"other tracks of {first['item']}"
    return f"{word} {when} {told}, mostly by {how} ({first['effect']:+.2f})"


_WHEN = {
    "night": "in the night",
    "morning": "in the morning",
    "afternoon": "in the afternoon",
    "evening": "in the evening",
    "late": "in the late evening",
}
