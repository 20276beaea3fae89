"""Forecast: the next two weeks, and how far such forecasts can be trusted."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.parts import Chart, Column, Kind, Notice, Part, Table, Words
from dashboard.view import View, page
from dashboard.words import share, shown
from serving.forecasts import MODELS, TARGETS, Target, backtests, days_before, forecast_days
from serving.store import Row

NAMES: dict[Target, tuple[str, Kind]] = {
    "listened_ms": ("Time listened", "hours"),
    "mean_energy": ("Energy", "number"),
    "mean_valence": ("Brightness (valence)", "number"),
}
SERVED = {
    "ridge": "The model (a Bayesian ridge regression)",
    "trailing_mean": "The mean of the last 28 days",
    "same_weekday": "The same weekday of last week",
}
WEEK = 7
NEAR = 0.05  # how far measured coverage may lie from what is promised before it is said


@page("/forecast", "Forecast", group="Ahead", place=3, has_range=False, has_basis=True)
def forecast(view: View) -> Iterator[Part]:
    """The next 14 days, with bands that are as wide as past errors were, and how good such forecasts are."""
    found = {target: forecast_days(view.store, view.basis, target) for target in TARGETS}
    if not any(found.values()):
        text = "There is no forecast yet: it needs 84 known days of listening."
        yield Notice("nothing", text=text, step="lakesong build makes it.")
        return
    for target, days in found.items():
        if days:
            yield from _target(view, target, days)


def _target(view: View, target: Target, days: list[Row]) -> Iterator[Part]:
    name, kind = NAMES[target]
    known = [row for row in days if row["forecast_value"] is not None]
    if not known:
        yield Notice(f"none-{target}", text=f"{name} cannot be foretold: {days[0]['reason']}.")
        return
    tests = backtests(view.store, view.basis, target)
    whole = [row for row in tests if row["horizon_days"] == 0]
    yield _chart(view, target, days)
    yield Words(
        f"served-{target}", f"{name}: what is served, and how good it was", width="half",
        sentences=_sentences(view, target, days, whole),
    )  # fmt: skip
    yield _horizons(target, [row for row in tests if row["horizon_days"] > 0])
    yield _models(target, whole, kind)


def _chart(view: View, target: Target, days: list[Row]) -> Chart:
    name, kind = NAMES[target]
    past = days_before(view.store, view.basis, target)
    empty = dict.fromkeys(("forecast_value", "low_80", "high_80", "low_95", "high_95"))
    rows = [row | empty for row in past] + [row | {"day": row["forecast_date"], "known": None} for row in days]
    return Chart(
        f"days-{target}", name, kind="line", x="day", y=("known", "forecast_value"), low="low_95", high="high_95",
        inner_low="low_80", inner_high="high_80", dashed=("forecast_value",), from_zero=target == "listened_ms",
        rows=rows,
        columns=(
            Column("day", "Day", "date"), Column("known", "Was", kind), Column("forecast_value", "Expected", kind),
            Column("low_80", "80 % from", kind), Column("high_80", "80 % to", kind),
            Column("low_95", "95 % from", kind), Column("high_95", "95 % to", kind), Column("reason", "Why empty"),
        ),
        note="Bands: 80 % (darker) and 95 %. Days that were less than 80 % observed stay empty.",
    )  # fmt: skip


def _sentences(view: View, target: Target, days: list[Row], whole: list[Row]) -> list[str]:
    first = days[0]
    _, kind = NAMES[target]
    served = SERVED.get(first["served_model"], first["served_model"])
    told = []
    if first["is_better"]:
        told.append(f"{served} is served: on unseen days it was better than both simple guesses.")
    else:
        told.append(f"{served} is served, a simple guess: the model was not shown to be better on unseen days.")
    told.append(f"Why: {plain(first['choice'])}.")
    mine = next((row for row in whole if row["is_served"]), None)
    if mine is None or mine["mae"] is None:
        return [*told, f"How good it is cannot be told yet: {mine['reason'] if mine else 'there is no backtest'}."]
    interval = ""
    if mine["mae_low"] is not None:
        interval = f" (95 % interval {shown(mine['mae_low'], kind)} to {shown(mine['mae_high'], kind)})"
    told.append(
        f"Over {mine['error_count']:,} forecasts of the past it was off by {shown(mine['mae'], kind)} a day on "
        f"average{interval}."
    )
    told += [_held(mine, promised) for promised in (80, 95)]
    if target == "listened_ms" and all(row["forecast_value"] is not None for row in days[:WEEK]):
        total = sum(row["forecast_value"] for row in days[:WEEK])
        told.append(f"The next {WEEK} days together: about {shown(total, kind)}; bands of single days do not add up.")
    if target != "listened_ms" and view.basis == "all":
        told.append("With simulated features: no statement about you.")
    return told


def _held(row: Row, promised: int) -> str:
    held = row[f"coverage_{promised}"]
    if held is None:
        return f"Whether {promised} % bands hold cannot be told yet: the past is too short."
    off = held - promised / 100
    verdict = "as promised" if abs(off) <= NEAR else "too narrow" if off < 0 else "wider than needed"
    return f"Its {promised} % bands held {share(held)} of {row['coverage_count']:,} later days: {verdict}."


def plain(choice: str | None) -> str:
    """Why a model was chosen, with the names that the page uses."""
    text = choice or "nothing is said"
    for name, words in MODELS.items():
        text = text.replace(name, f"{'' if name == 'ridge' else 'the '}{words[:1].lower()}{words[1:]}")
    return text


def _horizons(target: Target, rows: list[Row]) -> Chart:
    name, kind = NAMES[target]
    by_model = [row | {"model": MODELS.get(row["model_name"], row["model_name"])} for row in rows]
    return Chart(
        f"horizons-{target}", f"{name}: mean error by days ahead", kind="line", x="horizon_days", y=("mae",),
        group="model", width="half",
        rows=sorted(by_model, key=lambda row: (list(MODELS.values()).index(row["model"]), row["horizon_days"])),
        columns=(
            Column("horizon_days", "Days ahead", "rank"), Column("model", "Forecast by"),
            Column("mae", "Mean error", kind), Column("coverage_80", "80 % bands held", "share"),
            Column("coverage_95", "95 % bands held", "share"), Column("error_count", "Forecasts", "count"),
        ),
        empty="There is no backtest yet.",
    )  # fmt: skip


def _models(target: Target, whole: list[Row], kind: Kind) -> Table:
    rows = [
        row | {
            "model": MODELS.get(row["model_name"], row["model_name"]),
            "said": row["reason"] or ("served" if row["is_served"] else ""),
        }
        for row in whole
    ]  # fmt: skip
    return Table(
        f"models-{target}", f"{NAMES[target][0]}: all models on the same unseen days", rows=rows,
        columns=(
            Column("model", "Forecast by", sub="said"), Column("mae", "Mean error", kind, bar=True),
            Column("mae_low", "From", kind), Column("mae_high", "To", kind), Column("mase", "Beside change", "number"),
            Column("coverage_80", "80 % held", "share"), Column("coverage_95", "95 % held", "share"),
            Column("error_count", "Forecasts", "count"),
        ),
        note="Beside change: the error divided by the mean change from one week to the next; below 1 is less.",
        empty="There is no backtest yet.",
    )  # fmt: skip
