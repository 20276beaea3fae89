"""Sessions of listening, and the personas that are told apart in them."""

from __future__ import annotations

from datetime import date

from serving.store import Row, Store

# Least minutes of each class of length.
LENGTHS = ((0, "under 5 min"), (5, "5–15 min"), (15, "15–30 min"), (30, "30–60 min"), (60, "1–2 h"), (120, "2–4 h"),
           (240, "4 h or more"))  # fmt: skip
# The local hour at which a session began; a session's hour is always one that coverage knows.
_LOCAL = "(started_at AT TIME ZONE 'UTC') AT TIME ZONE time_zone"
_IN_ZONE = "JOIN (SELECT hour_at, time_zone FROM coverage) ON hour_at = date_trunc('hour', started_at)"


def session_totals(store: Store, first: date, last: date) -> Row:
    """Of the sessions that begin on these days: session_count, median_ms, play_count, start_count, skip_count,
    listened_ms, artists (mean), longest_ms, and coverage, the share of the days' hours that is known (null for none).
    """
    found = store.row(
        """
        SELECT count(session_id) AS session_count, median(session_ms) AS median_ms, max(session_ms) AS longest_ms,
            sum(play_count)::BIGINT AS play_count, sum(start_count)::BIGINT AS start_count,
            sum(skip_count)::BIGINT AS skip_count, sum(listened_ms)::BIGINT AS listened_ms,
            avg(artist_count) AS artists, any_value(known.coverage) AS coverage, any_value(known.days) AS days
        FROM (
            SELECT avg(is_covered::INT) AS coverage, count(DISTINCT played_date) AS days FROM coverage
            WHERE played_date BETWEEN $first AND $last
        ) known LEFT JOIN listening_sessions ON played_date BETWEEN $first AND $last
        """,
        first=first, last=last,
    )  # fmt: skip
    return found or {}


def session_hours(store: Store, first: date, last: date) -> list[Row]:
    """How many sessions begin in each local hour: hour, session_count."""
    return store.rows(
        f"""
        SELECT extract(hour FROM {_LOCAL})::INT AS hour, count(*) AS session_count
        FROM listening_sessions {_IN_ZONE} WHERE played_date BETWEEN $first AND $last GROUP BY 1 ORDER BY 1
        """,
        first=first, last=last,
    )  # fmt: skip


def session_lengths(store: Store, first: date, last: date) -> list[Row]:
    """How many sessions are how long, each class of LENGTHS: length, session_count, listened_ms."""
    classes = store.rows(
        """
        SELECT list_last(list_filter($starts::INT[], lambda start: session_ms >= 60000 * start)) AS least_minutes,
            count(*) AS session_count, sum(listened_ms)::BIGINT AS listened_ms
        FROM listening_sessions WHERE played_date BETWEEN $first AND $last GROUP BY 1
        """,
        first=first, last=last, starts=[start for start, _ in LENGTHS],
    )  # fmt: skip
    found = {row["least_minutes"]: row for row in classes}
    empty = {"session_count": 0, "listened_ms": 0}
    return [{"length": name} | {key: found.get(start, empty)[key] for key in empty} for start, name in LENGTHS]


def session_months(store: Store, first: date, last: date) -> list[Row]:
    """Sessions of each month: month, session_count, median_ms, skip_share, listened_ms."""
    return store.rows(
        """
        SELECT date_trunc('month', played_date)::DATE AS month, count(*) AS session_count,
            median(session_ms) AS median_ms, sum(skip_count) / sum(start_count) AS skip_share,
            sum(listened_ms)::BIGINT AS listened_ms
        FROM listening_sessions WHERE played_date BETWEEN $first AND $last GROUP BY 1 ORDER BY 1
        """,
        first=first, last=last,
    )  # fmt: skip


def personas(store: Store, basis: str) -> list[Row]:
    """The personas in their order, as gold has them; persona 0 (sessions in none, with the reason) last."""
    return store.rows("SELECT * FROM personas WHERE basis = $basis ORDER BY persona_id = 0, persona_id", basis=basis)


def persona_months(store: Store, basis: str, first: date, last: date) -> list[Row]:
    """Sessions of each persona in each month: month, persona_id, session_count; whole weeks only."""
    return store.rows(
        """
        SELECT date_trunc('month', played_date)::DATE AS month, persona_id, count(*) AS session_count
        FROM session_personas WHERE basis = $basis AND played_date BETWEEN $first AND $last GROUP BY 1, 2 ORDER BY 1, 2
        """,
        basis=basis, first=first, last=last,
    )  # fmt: skip


def recent_sessions(store: Store, basis: str, first: date, last: date, limit: int = 25) -> list[Row]:
    """The newest sessions that begin on these days, with their local begin (began) and persona_name, if any."""
    return store.rows(
        f"""
        WITH newest AS (
            SELECT * FROM listening_sessions WHERE played_date BETWEEN $first AND $last
            ORDER BY started_at DESC, session_id LIMIT $limit
        )
        SELECT newest.*, {_LOCAL} AS began, persona_name
        FROM newest LEFT {_IN_ZONE}
            LEFT JOIN (
                SELECT session_id, persona_name FROM session_personas WHERE basis = $basis
            ) named USING (session_id)
        ORDER BY started_at DESC, session_id
        """,
        basis=basis, first=first, last=last, limit=limit,
    )  # fmt: skip


def one_session(store: Store, session_id: str, basis: str) -> Row | None:
    """A session with its local begin, its persona, and the sessions before and after it (their ids); None for none."""
    found = store.row(
        f"""
        SELECT one.*, {_LOCAL} AS began, persona_name, persona.reason AS persona_reason
        FROM listening_sessions one LEFT {_IN_ZONE}
            LEFT JOIN session_personas persona ON persona.session_id = one.session_id AND persona.basis = $basis
        WHERE one.session_id = $session
        """,
        session=session_id, basis=basis,
    )  # fmt: skip
    if found is None:
        return None
    around = store.row(
        """
        SELECT arg_max(session_id, started_at) FILTER (started_at < $started_at) AS before_id,
            arg_min(session_id, started_at) FILTER (started_at > $started_at) AS after_id
        FROM listening_sessions
        """,
        started_at=found["started_at"],
    )
    return {**found, **(around or {})}


def session_plays(store: Store, session: Row, basis: str) -> list[Row]:
    """What was begun in a session, in its order: began (local), names, keys, listened_ms, is_skip, valence, energy."""
    return store.rows(
        """
        SELECT started_at + to_minutes(utc_offset_minutes) AS began, track_name, artist_name, recording_id,
            artist_of(artist_name) AS artist_key, listened_ms, is_counted, is_skip, f.valence, f.energy
        FROM kept_plays LEFT JOIN (
            SELECT track_id, valence, energy FROM track_features WHERE basis = $basis
        ) f USING (track_id)
        WHERE session_id = $session AND played_date BETWEEN $day::DATE AND $day::DATE + 7
        ORDER BY started_at, played_at, play_id
        """,
        session=session["session_id"], day=session["played_date"], basis=basis,
    )  # fmt: skip
