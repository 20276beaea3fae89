"""listening_sessions: every play in one session, each session the sum of its plays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pandas as pd

from transformations.silver.listening_sessions import listening_sessions

GAP = pd.Timedelta(minutes=20)


def test_each_session_is_the_sum_of_its_plays(table, assert_same_rows):
    plays = table("listening_with_features")
    expected = []
    for (user_id, session_id), own in plays.groupby(["user_id", "session_id"]):
        first, last = own["started_at"].min(), own["played_at"].max()
        expected.append(
            {
                "session_id": session_id,
                "user_id": user_id,
                "is_simulated": True,
                "started_at": first,
                "ended_at": last,
                "played_date": own.sort_values(["started_at", "played_at"])["played_date"].iloc[0],
                "session_ms": (last - first) // pd.Timedelta(milliseconds=1),
                "start_count": len(own),
                "play_count": int(own["is_counted"].sum()),
                "skip_count": int(own["is_skip"].sum()),
                "listened_ms": own["listened_ms"].sum(),
                "artist_count": own["artist_name"].nunique(),
                "recording_count": own["recording_id"].nunique(),
            }
        )
    assert_same_rows(table("listening_sessions"), pd.DataFrame(expected), ["session_id"])


def test_sessions_are_parted_by_more_than_twenty_minutes_and_hold_no_longer_silence(table):
    for _, own in table("listening_with_features").groupby("user_id"):
        ordered = own.sort_values(["started_at", "played_at", "play_id"])
        silence = ordered["started_at"] - ordered["played_at"].cummax().shift()
        changes = ordered["session_id"] != ordered["session_id"].shift()
        begins = silence.isna() | (silence > GAP)
        # No simulated stretch reaches 24 hours, so nothing else parts two sessions.
        assert (changes == begins).all()
        assert ordered["session_id"].nunique() == changes.sum() > 20


def test_nothing_of_silver_is_lost_in_sessions(table):
    sessions, plays = table("listening_sessions"), table("listening_with_features")
    by_user = sessions.groupby("user_id")[["start_count", "play_count", "skip_count", "listened_ms"]].sum()
    for user_id, own in plays.groupby("user_id"):
        counts = {"start_count": len(own), "play_count": own["is_counted"].sum(), "skip_count": own["is_skip"].sum()}
        assert by_user.loc[user_id].to_dict() == {**counts, "listened_ms": own["listened_ms"].sum()}


def test_sessions_of_one_listener_do_not_overlap(table):
    for _, own in table("listening_sessions").groupby("user_id"):
        ordered = own.sort_values("started_at")
        assert (ordered["started_at"].iloc[1:].to_numpy() > ordered["ended_at"].iloc[:-1].to_numpy()).all()


def test_the_date_is_that_of_the_first_play_even_when_the_listener_flies_back_over_the_date_line(rows):
    """It is 1 May in Auckland when the first play ends, and 30 April in Honolulu when the second does."""
    first = datetime(2024, 4, 30, 20, tzinfo=UTC)
    plays = [
        {"play_id": "a", "session_id": "s", "user_id": "u", "played_date": date(2024, 5, 1), "started_at": first},
        {"play_id": "b", "session_id": "s", "user_id": "u", "played_date": date(2024, 4, 30)},
    ]
    plays[0]["played_at"] = plays[1]["started_at"] = first + timedelta(minutes=3)
    plays[1]["played_at"] = first + timedelta(minutes=6)
    (row,) = listening_sessions(rows("listening_with_features", *plays)).collect()
    assert row.played_date == date(2024, 5, 1)
