"""The questions that a Wrapped asks of the lake, in DuckDB's SQL: one way for every period.

What is counted follows gold (docs/analytics.md): recordings, plays that no rule excludes, local days. A test holds that
years and months come out as in gold.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from wrapped.periods import Period
from wrapped.tables import Row, prepare, rows_of

if TYPE_CHECKING:
    import duckdb

TOP = 10  # entries of a list


class Questions:
    """Answers about one listener's period and the one before, from a reader that has TABLES."""

    def __init__(self, reader: duckdb.DuckDBPyConnection, user_id: str, period: Period, before: Period) -> None:
        self._reader = reader
        self.user_id, self.period = user_id, period
        prepare(reader, user_id, period, before)

    def rows(self, query: str, **values: object) -> list[Row]:
        """The rows that a query gives, by column name."""
        return rows_of(self._reader, query, **values)

    def totals(self, *, now: bool) -> Row:
        """Counts and times of the period, or of the one before."""
        counts = self.rows(
            """
            SELECT coalesce(sum(start_count), 0)::BIGINT AS start_count,
                coalesce(sum(play_count), 0)::BIGINT AS play_count, coalesce(sum(skip_count), 0)::BIGINT AS skip_count,
                coalesce(sum(listened_ms), 0)::BIGINT AS listened_ms,
                coalesce(sum(measured_ms), 0)::BIGINT AS measured_ms,
                count(DISTINCT recording_id) AS recording_count, count(DISTINCT artist_key) AS artist_count,
                count(DISTINCT album_key) AS album_count
            FROM period_tracks WHERE is_now = $now
            """,
            now=now,
        )[0]
        days = self.rows(
            """
            SELECT count(DISTINCT played_date) AS active_day_count
            FROM period_plays WHERE is_now = $now AND excluded_by IS NULL AND is_counted
            """,
            now=now,
        )[0]
        return counts | days

    def top(self, key: str, names: tuple[str, ...]) -> list[Row]:
        """The recordings, artists or albums of most listening time: key is their column, names what is told of them.

        Each is called after its most played track of all time. Ties: plays, name, key.
        """
        return self.rows(
            f"""
            WITH named AS (
                SELECT {key} AS key, {", ".join(names)} FROM tracks_ever WHERE {key} IS NOT NULL
                QUALIFY row_number() OVER (PARTITION BY {key}
                    ORDER BY play_count DESC, listened_ms DESC, track_key) = 1
            ), summed AS (
                SELECT is_now, {key} AS key, sum(listened_ms)::BIGINT AS listened_ms,
                    sum(play_count)::BIGINT AS play_count, count(DISTINCT recording_id) AS recording_count
                FROM period_tracks WHERE {key} IS NOT NULL GROUP BY ALL
            ), placed AS (
                SELECT *, row_number() OVER (PARTITION BY is_now
                    ORDER BY listened_ms DESC, play_count DESC, {names[0]} NULLS FIRST, key) AS place
                FROM summed LEFT JOIN named USING (key)
            )
            SELECT now.key, {", ".join(f"now.{name}" for name in names)}, now.place, now.listened_ms, now.play_count,
                now.recording_count, earlier.place AS place_before
            FROM placed AS now LEFT JOIN placed AS earlier ON now.key = earlier.key AND NOT earlier.is_now
            WHERE now.is_now AND now.play_count > 0 ORDER BY now.place LIMIT {TOP}
            """
        )

    def genres(self) -> list[Row]:
        """Every genre of the period with its part of the listening time (a track's genres split its time)."""
        return self.rows(
            """
            WITH split AS (
                SELECT is_now, genre, sum(genre_weight::DECIMAL(18, 12) * listened_ms) AS genre_time,
                    sum(genre_weight::DECIMAL(18, 12) * play_count) AS genre_plays
                FROM period_tracks JOIN track_genres USING (track_id) GROUP BY ALL
            ), placed AS (
                SELECT *, row_number() OVER (PARTITION BY is_now
                    ORDER BY genre_time DESC, genre_plays DESC, genre) AS place FROM split
            )
            SELECT now.genre, now.place, round(now.genre_time)::BIGINT AS listened_ms, earlier.place AS place_before
            FROM placed AS now LEFT JOIN placed AS earlier ON now.genre = earlier.genre AND NOT earlier.is_now
            WHERE now.is_now ORDER BY now.place
            """
        )

    def days(self) -> list[Row]:
        """Each local day of the period with music: its counted plays and listening time."""
        return self.rows(
            """
            SELECT played_date, count(*) FILTER (is_counted) AS play_count, sum(listened_ms)::BIGINT AS listened_ms
            FROM period_plays WHERE is_now AND excluded_by IS NULL GROUP BY played_date ORDER BY played_date
            """
        )

    def day_hours(self) -> list[Row]:
        """Listening time by local day and hour of the day."""
        return self.rows(
            """
            SELECT played_date, hour_of_day, sum(listened_ms)::BIGINT AS listened_ms
            FROM period_plays WHERE is_now AND excluded_by IS NULL GROUP BY ALL ORDER BY ALL
            """
        )

    def top_artist_of(self, day: date) -> str | None:
        """Who was played most often on a day."""
        found = self.rows(
            """
            SELECT min(artist_name) AS artist_name FROM period_plays
            WHERE played_date = $day AND excluded_by IS NULL AND is_counted AND artist_of(artist_name) IS NOT NULL
            GROUP BY artist_of(artist_name)
            ORDER BY count(*) DESC, sum(listened_ms) DESC, artist_of(artist_name) LIMIT 1
            """,
            day=day,
        )
        return found[0]["artist_name"] if found else None

    def excluded(self) -> list[Row]:
        """Plays that each of the listener's rules leaves out, begun or counted, and their time."""
        return self.rows(
            """
            SELECT excluded_by AS rule, count(*) AS excluded_count, sum(listened_ms)::BIGINT AS excluded_ms
            FROM period_plays WHERE is_now AND excluded_by IS NOT NULL GROUP BY 1 ORDER BY 1
            """
        )

    def new_count(self, key: str) -> int:
        """How many recordings, artists or albums had their first counted play in the period."""
        found = self.rows(
            f"""
            SELECT count(*) AS count FROM (
                SELECT min(first_date) AS first_date FROM tracks_ever
                WHERE {key} IS NOT NULL AND first_date IS NOT NULL GROUP BY {key}
            ) WHERE first_date BETWEEN $first AND $last
            """,
            first=self.period.first,
            last=self.period.last,
        )
        return int(found[0]["count"])

    def top_new(self, key: str, names: tuple[str, ...]) -> Row | None:
        """Of what was new in the period, what was listened to for longest, with the day of its first counted play."""
        found = self.rows(
            f"""
            WITH firsts AS (
                SELECT {key} AS key, min(first_date) AS first_date FROM tracks_ever WHERE {key} IS NOT NULL GROUP BY 1
            ), named AS (
                SELECT {key} AS key, {", ".join(names)} FROM tracks_ever WHERE {key} IS NOT NULL
                QUALIFY row_number() OVER (PARTITION BY {key}
                    ORDER BY play_count DESC, listened_ms DESC, track_key) = 1
            ), summed AS (
                SELECT {key} AS key, sum(listened_ms)::BIGINT AS listened_ms, sum(play_count)::BIGINT AS play_count
                FROM period_tracks WHERE is_now AND {key} IS NOT NULL GROUP BY 1
            )
            SELECT {", ".join(names)}, first_date, listened_ms, play_count
            FROM summed JOIN firsts USING (key) JOIN named USING (key)
            WHERE first_date BETWEEN $first AND $last
            ORDER BY listened_ms DESC, play_count DESC, {names[0]} NULLS FIRST, key LIMIT 1
            """,
            first=self.period.first,
            last=self.period.last,
        )
        return found[0] if found else None

    def mood_times(self) -> list[Row]:
        """Listening time by mood cluster of the basis `measured`; cluster 0 has none, null is not known at all."""
        return self.rows(
            """
            SELECT mood.cluster_id, any_value(mood.cluster_name) AS cluster_name,
                sum(heard.listened_ms)::BIGINT AS listened_ms,
                coalesce(sum(heard.listened_ms) FILTER (features.track_id IS NOT NULL), 0)::BIGINT AS measured_ms
            FROM period_tracks AS heard
            LEFT JOIN track_moods AS mood
                ON heard.track_id = mood.track_id AND mood.user_id = $user AND mood.basis = 'measured'
            LEFT JOIN track_features AS features
                ON heard.track_id = features.track_id AND features.basis = 'measured'
                AND features.energy IS NOT NULL AND features.valence IS NOT NULL
            WHERE heard.is_now GROUP BY 1 ORDER BY 1
            """,
            user=self.user_id,
        )

    def mood_centres(self) -> list[Row]:
        """The mood clusters of the basis `measured`: where they lie, and why there are none where there are none."""
        return self.rows(
            """
            SELECT cluster_id, round(valence, 3) AS valence, round(energy, 3) AS energy, k, reason
            FROM mood_clusters WHERE user_id = $user AND basis = 'measured' ORDER BY cluster_id
            """,
            user=self.user_id,
        )

    def profiles(self) -> list[Row]:
        """The music profiles of the period: gold has them for years and months alone."""
        return self.rows(
            """
            SELECT profile_name AS name, round(profile_share, 4) AS share, drivers, reason FROM music_profiles
            WHERE user_id = $user AND period_kind = $kind AND period_start = $first
            ORDER BY profile_rank NULLS LAST, profile_name
            """,
            user=self.user_id,
            kind=self.period.kind,
            first=self.period.first,
        )

    @cached_property
    def coverage(self) -> list[Row]:
        """Hours of each local day of the period, by what is known of them."""
        return self.rows(
            """
            SELECT played_date, count(*) AS hours, count(*) FILTER (is_covered) AS covered_hours,
                count(*) FILTER (status = 'suspected_gap') AS gap_hours, bool_and(is_full_archive) AS is_full_archive
            FROM coverage WHERE user_id = $user AND played_date BETWEEN $first AND $last GROUP BY 1 ORDER BY 1
            """,
            user=self.user_id,
            first=self.period.first,
            last=self.period.last,
        )

    def covered_days_before(self) -> int:
        """Local days before the period of which at least an hour was observed or imported."""
        found = self.rows(
            """
            SELECT count(DISTINCT played_date) AS count FROM coverage
            WHERE user_id = $user AND is_covered AND played_date < $first
            """,
            user=self.user_id,
            first=self.period.first,
        )
        return int(found[0]["count"])

    def covered_hours(self, first: date, last: date) -> int:
        """How many hours of these days were observed or imported."""
        query = """
            SELECT count(*) AS count FROM coverage
            WHERE user_id = $user AND is_covered AND played_date BETWEEN $first AND $last
        """
        return int(self.rows(query, user=self.user_id, first=first, last=last)[0]["count"])
