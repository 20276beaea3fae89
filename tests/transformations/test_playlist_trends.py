"""playlist_trends: sizes, growth and turnover of playlists by local month, and what is played from them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from transformations.gold.playlist_trends import playlist_trends

AS_OF = date(2024, 6, 3)
FIRST_READ = datetime(2024, 3, 10, 12, tzinfo=UTC)
LIST = {"user_id": "ann", "playlist_id": "p"}


def at(month: int, day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(2024, month, day, hour, minute, tzinfo=UTC)


@pytest.fixture
def trends(rows):
    """The table's rows from items, and whatever else is given, by month."""

    def make(items, *, lists=None, snapshots=None, plays=(), features=(), hours=()):
        lists = (
            [LIST | {"playlist_name": "Mix", "valid_from": FIRST_READ, "is_current": True}] if lists is None else lists
        )
        read = {"user_id": "ann", "collection": "playlist_items", "part": "p", "is_readable": True}
        snapshots = [read | {"snapshot_at": FIRST_READ, "snapshot_key": "s"}] if snapshots is None else snapshots
        frames = [
            rows("playlist_history", *lists),
            rows("playlist_items_history", *[LIST | {"occurrence": 1, "item_uri": "x"} | item for item in items]),
            rows("library_snapshots_bronze", *snapshots),
            rows("listening_with_features", *[{"user_id": "ann", "is_counted": True} | play for play in plays]),
            rows("track_features", *features),
            rows("coverage", *hours),
            rows("listeners", {"user_id": "ann", "time_zone": "Europe/Berlin", "is_simulated": True}),
        ]
        made = playlist_trends(*frames, as_of=AS_OF, timezone="UTC").toPandas()
        return made.sort_values(["playlist_id", "month_start"], ignore_index=True)

    return make


def item(name: str, added: datetime | None, seen: datetime = FIRST_READ, gone: datetime | None = None) -> dict:
    return {"item_uri": name, "added_at": added, "valid_from": seen, "valid_to": gone, "is_current": gone is None}


def test_months_before_the_first_snapshot_are_told_by_when_items_were_added(trends):
    found = trends([item("a", at(1, 5)), item("b", at(2, 10)), item("c", at(2, 20)), item("undated", None)])
    assert found["month_start"].tolist() == [date(2024, month, 1) for month in range(1, 7)]
    assert found["month_end_item_count"].tolist() == [2, 4, 4, 4, 4, 4]
    assert found["added_count"].tolist() == [1, 2, 0, 0, 0, 0]
    assert found["is_reconstructed"].tolist() == [True, True, True, False, False, False]
    assert found["removed_count"].isna().tolist() == [True, True, True, False, False, False]
    assert found["turnover"].isna().tolist() == [True, True, True, False, False, False]
    assert found["reason"].str.contains("what was removed before is not known").tolist()[:3] == [True] * 3
    assert found["playlist_name"].tolist() == ["Mix"] * 6 and found["is_simulated"].all()


def test_turnover_is_added_and_removed_by_the_mean_size(trends):
    stays = [item(name, at(1, 5)) for name in "abc"]
    found = trends([*stays, item("gone", at(1, 6), gone=at(5, 20)), item("new", at(4, 15), seen=at(4, 20))])
    told = found.set_index("month_start")
    assert told.loc[date(2024, 4, 1), ["month_end_item_count", "added_count", "removed_count"]].tolist() == [5, 1, 0]
    assert told.loc[date(2024, 4, 1), "turnover"] == pytest.approx(1 / 4.5)
    assert told.loc[date(2024, 5, 1), ["month_end_item_count", "added_count", "removed_count"]].tolist() == [4, 0, 1]
    assert told.loc[date(2024, 5, 1), "turnover"] == pytest.approx(1 / 4.5)
    assert told.loc[date(2024, 6, 1), "turnover"] == 0


def test_the_month_is_the_listeners_own(trends):
    found = trends([item("a", at(1, 5)), item("late", at(3, 31, 22, 30), seen=at(4, 2))])
    told = found.set_index("month_start")["added_count"]
    assert told[date(2024, 3, 1)] == 0 and told[date(2024, 4, 1)] == 1


def test_an_item_that_was_taken_off_and_added_again_went_and_came(trends):
    again = [item("a", at(1, 5), gone=at(5, 2)), item("a", at(4, 10), seen=at(5, 2))]
    told = trends([*again, item("b", at(1, 5))]).set_index("month_start")
    assert told.loc[date(2024, 4, 1), ["month_end_item_count", "added_count", "removed_count"]].tolist() == [2, 1, 1]
    assert told.loc[date(2024, 5, 1), ["month_end_item_count", "added_count", "removed_count"]].tolist() == [2, 0, 0]


def test_a_playlist_that_left_the_list_ends_in_that_month(trends):
    left = [LIST | {"playlist_name": "Mix", "valid_from": FIRST_READ, "valid_to": at(5, 4), "is_current": False}]
    found = trends([item("a", at(2, 5), gone=at(5, 4))], lists=left)
    assert found["month_start"].iloc[-1] == date(2024, 5, 1)
    assert found[["month_end_item_count", "removed_count"]].iloc[-1].tolist() == [0, 1]


def test_a_playlist_whose_items_spotify_does_not_show_has_a_reason_and_no_sizes(trends):
    found = trends([], snapshots=[])
    assert found["month_start"].tolist() == [date(2024, month, 1) for month in range(3, 7)]
    assert found[["month_end_item_count", "added_count", "removed_count", "turnover"]].isna().all().all()
    assert set(found["reason"]) == {"Spotify does not show its items"}


def test_an_empty_playlist_has_a_size_of_nothing(trends):
    found = trends([])
    assert found["month_end_item_count"].tolist() == [0, 0, 0, 0]
    assert found["reason"].iloc[-1] == "the playlist was empty" and found["removed_count"].iloc[-1] == 0


def test_plays_from_the_playlist_and_how_much_is_known_of_contexts(trends):
    play = {"played_date": date(2024, 4, 7), "listened_ms": 100_000}
    plays = [
        play | {"play_id": "1", "context_uri": "spotify:playlist:p", "track_id": "known"},
        play | {"play_id": "2", "context_uri": "spotify:user:ann:playlist:p", "listened_ms": 300_000},
        play | {"play_id": "3", "context_uri": "spotify:playlist:p", "is_counted": False, "listened_ms": 5},
        play | {"play_id": "4", "context_uri": "spotify:album:p"},
        play | {"play_id": "5", "context_uri": None},
        play | {"play_id": "6", "context_uri": "spotify:playlist:p", "excluded_by": "asleep"},
        play | {"play_id": "7", "context_uri": None, "played_date": date(2024, 5, 7)},
    ]
    features = [{"track_id": "known", "basis": "measured", "feature_source": "real"}]
    hours = [
        {"user_id": "ann", "hour_at": at(4, 7, hour), "played_date": date(2024, 4, 7), "is_covered": hour < 3}
        for hour in range(4)
    ]
    told = trends([item("a", at(3, 1))], plays=plays, features=features, hours=hours).set_index("month_start")
    april, may = told.loc[date(2024, 4, 1)], told.loc[date(2024, 5, 1)]
    assert april["play_count"] == 2 and april["listened_ms"] == 400_005
    assert april["known_context_share"] == 0.75
    assert april["measured_share"] == pytest.approx(100_000 / 400_005)
    assert april["coverage"] == 0.75
    assert may["play_count"] == 0 and may["known_context_share"] == 0


def test_sizes_are_those_of_a_count_by_hand_for_sixty_playlists(trends):
    """Items come and go at random; what is removed is noticed at the next snapshot, as the API shows it."""
    rng = np.random.default_rng(1)
    items, lists, snapshots, expected = [], [], [], []
    start = datetime(2023, 9, 1, tzinfo=UTC)
    for number in range(60):
        name = f"p{number:02d}"
        reads = sorted(
            start + timedelta(hours=int(hour)) for hour in rng.choice(np.arange(2400, 6000), 6, replace=False)
        )
        own = {"user_id": "ann", "playlist_id": name}
        lists.append(own | {"valid_from": reads[0], "is_current": True})
        snapshots += [
            {"user_id": "ann", "collection": "playlist_items", "part": name, "is_readable": True, "snapshot_at": read}
            | {"snapshot_key": f"{name}{read}"}
            for read in reads
        ]
        stays = []
        for one in range(rng.integers(3, 20)):
            added = start + timedelta(minutes=int(rng.integers(0, 360_000)))
            gone = added + timedelta(days=int(rng.integers(1, 300)))
            shown = [read for read in reads if added <= read < gone]
            if shown:
                noticed = next((read for read in reads if read >= gone), None)
                stays.append((added, noticed))
                items.append(own | item(f"i{one}", added, shown[0], noticed))
        first = min([added for added, _ in stays] + [reads[0]])
        expected += [own | row for row in by_hand(stays, first, reads[0])]
    found = trends(items, lists=lists, snapshots=snapshots)
    wanted = pd.DataFrame(expected).sort_values(["playlist_id", "month_start"], ignore_index=True)
    pd.testing.assert_frame_equal(found[wanted.columns], wanted, check_dtype=False)
    assert wanted["removed_count"].sum() > 50


def by_hand(stays, first, read) -> list[dict]:
    """A row a month, each number counted by the definition. Sixty random instants keep clear of midnight in UTC+1."""
    berlin = "Europe/Berlin"

    def month(instant):
        local = pd.Timestamp(instant).tz_convert(berlin)
        return date(local.year, local.month, 1)

    rows, months = [], pd.date_range(month(first), AS_OF, freq="MS").date
    for this in months:
        came = [month(added) for added, _ in stays]
        went = [None if gone is None else month(gone) for _, gone in stays]
        size = sum(one <= this for one in came) - sum(one is not None and one <= this for one in went)
        rebuilt = this <= month(read)
        rows.append(
            {
                "month_start": this,
                "month_end_item_count": size,
                "added_count": sum(one == this for one in came),
                "removed_count": np.nan if rebuilt else sum(one == this for one in went),
                "is_reconstructed": rebuilt,
            }
        )
    return rows
