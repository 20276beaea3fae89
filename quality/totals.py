"""Counts that add up from bronze to gold: nothing lost, nothing doubled.

Each query sums the same thing in two ways, and compares for each listener (and month). All are of severity FAIL but
the last: a difference is a fault of the program, never of the data.
"""

from __future__ import annotations

from quality.rules import FIRST, LAST, Rule

_REBUILD = "Run `lakesong build --full`; where it comes back, please report it with these rows."

# A play may have ended in the month before the stamp that tells of it (an upload), or just after that month.
_AROUND = "BETWEEN strftime($since - INTERVAL 1 MONTH, '%Y-%m') AND strftime($until, '%Y-%m')"
_WITHIN = f"BETWEEN {FIRST} AND {LAST}"

_RECORDS = Rule(
    name="records_add_up",
    table="plays",
    is_measure=True,
    # A record is a play, merged into one, or no music: none is lost, doubled or made up, and plays count their own.
    sql=f"""
        WITH known AS (
            SELECT record_id, any_value(user_id) AS user_id, bool_or(kind = 'track') AS is_music,
                any_value(played_month) {_WITHIN} AS is_asked
            FROM listening_history_bronze WHERE played_month {_AROUND} GROUP BY record_id
        ),
        placed AS (
            SELECT user_id, play_id AS record_id, play_id, record_count, played_month {_WITHIN} AS is_asked
            FROM plays WHERE played_month {_AROUND}
            UNION ALL
            SELECT user_id, record_id, play_id, NULL, played_month {_WITHIN}
            FROM merged_records WHERE played_month {_AROUND}
        ),
        found AS (
            SELECT coalesce(known.user_id, placed.user_id) AS user_id, known.record_id IS NOT NULL AS is_record,
                coalesce(is_music, false) AS is_music, coalesce(known.is_asked, placed.is_asked) AS is_asked,
                placed.record_id IS NOT NULL AS is_placed
            FROM known FULL JOIN placed ON known.record_id = placed.record_id AND known.user_id = placed.user_id
        ),
        merged AS (
            SELECT user_id, count(*) AS n FROM merged_records
            SEMI JOIN (SELECT play_id FROM placed WHERE is_asked AND record_count > 0) AS asked USING (play_id)
            WHERE played_month {_AROUND} GROUP BY user_id
        ),
        counted AS (
            SELECT user_id, coalesce(sum(record_count - 1), 0) - coalesce(any_value(merged.n), 0) AS n
            FROM placed LEFT JOIN merged USING (user_id) WHERE is_asked GROUP BY user_id
        ),
        records AS (
            SELECT user_id, count(*) AS n FROM known WHERE is_asked GROUP BY user_id
        )
        SELECT user_id, count(*) FILTER (is_music AND NOT is_placed) AS lost,
            count(*) FILTER (NOT is_music AND is_placed) AS made_up, coalesce(any_value(counted.n), 0) AS miscounted,
            count(*) FILTER (is_placed OR NOT is_music)::DOUBLE AS observed_value,
            coalesce(any_value(records.n), 0)::DOUBLE AS threshold,
            observed_value <> threshold OR lost > 0 OR made_up > 0 OR miscounted <> 0 AS is_broken
        FROM found LEFT JOIN counted USING (user_id) LEFT JOIN records USING (user_id) WHERE is_asked
        GROUP BY user_id
    """,
    advice=_REBUILD,
)

_PLAYS = Rule(
    name="every_play_is_described_once",
    table="listening_with_features",
    is_measure=True,
    sql=f"""
        WITH described AS (
            SELECT user_id, played_month, count(*) AS n, sum(listened_ms) AS ms
            FROM listening_with_features WHERE played_month {_WITHIN} GROUP BY ALL
        ),
        known AS (
            SELECT user_id, played_month, count(*) AS n, sum(listened_ms) AS ms
            FROM plays WHERE played_month {_WITHIN} GROUP BY ALL
        )
        SELECT user_id, played_month, described.ms AS listened_ms, known.ms AS listened_ms_of_plays,
            coalesce(described.n, 0)::DOUBLE AS observed_value, coalesce(known.n, 0)::DOUBLE AS threshold,
            observed_value <> threshold OR described.ms IS DISTINCT FROM known.ms AS is_broken
        FROM described FULL JOIN known USING (user_id, played_month)
    """,
    advice=_REBUILD,
)

_SESSIONS = Rule(
    name="sessions_hold_every_play",
    table="listening_sessions",
    # A session lasts a day at most, and stands in the month in which it began.
    sql=f"""
        WITH held AS (
            SELECT session_id, user_id, count(*) AS starts, sum(listened_ms) AS ms,
                strftime(min(started_at), '%Y-%m') AS month
            FROM listening_with_features WHERE excluded_by IS NULL AND played_month {_AROUND} GROUP BY ALL
        ),
        told AS (
            SELECT session_id, user_id, start_count, listened_ms, played_month
            FROM listening_sessions WHERE played_month {_WITHIN}
        )
        SELECT session_id, user_id, held.starts, told.start_count
        FROM (FROM held WHERE month {_WITHIN}) AS held FULL JOIN told USING (session_id, user_id)
        WHERE held.starts IS DISTINCT FROM told.start_count OR held.ms IS DISTINCT FROM told.listened_ms
    """,
    advice=_REBUILD,
)

_DAYS = Rule(
    name="totals_are_those_of_silver",
    table="daily_listening",
    is_measure=True,
    # plays that the listener's rules leave out are counted apart, in gold as in silver
    sql="""
        WITH silver AS (
            SELECT user_id, basis, strftime(played_date, '%Y-%m') AS month, count(*) FILTER (is_kept) AS starts,
                count(*) FILTER (is_kept AND is_counted) AS counted, count(*) FILTER (is_kept AND is_skip) AS skips,
                coalesce(sum(listened_ms) FILTER (is_kept), 0) AS ms, count(*) FILTER (NOT is_kept) AS left_out,
                coalesce(sum(listened_ms) FILTER (NOT is_kept), 0) AS left_out_ms
            FROM (
                SELECT user_id, played_date, listened_ms, is_counted, is_skip, excluded_by IS NULL AS is_kept
                FROM listening_with_features
            ), (VALUES ('measured'), ('all')) AS bases(basis)
            GROUP BY ALL
        ),
        gold AS (
            SELECT user_id, basis, strftime(played_date, '%Y-%m') AS month, sum(start_count) AS starts,
                sum(play_count) AS counted, sum(skip_count) AS skips, sum(listened_ms) AS ms,
                coalesce(sum(excluded_count), 0) AS left_out, coalesce(sum(excluded_ms), 0) AS left_out_ms
            FROM daily_listening GROUP BY ALL HAVING starts + left_out > 0
        )
        SELECT user_id, basis, month, gold.ms AS listened_ms, silver.ms AS listened_ms_of_silver,
            coalesce(gold.starts + gold.left_out, 0)::DOUBLE AS observed_value,
            coalesce(silver.starts + silver.left_out, 0)::DOUBLE AS threshold,
            (gold.starts, gold.counted, gold.skips, gold.ms, gold.left_out, gold.left_out_ms) IS DISTINCT FROM
            (silver.starts, silver.counted, silver.skips, silver.ms, silver.left_out, silver.left_out_ms) AS is_broken
        FROM gold FULL JOIN silver USING (user_id, basis, month)
    """,
    advice=_REBUILD,
)

_LETTERS = Rule(
    name="rejected_records_are_kept",
    table="rejected_records_bronze",
    severity="WARN",  # what was set aside is lost or removed, but no number rests on it
    is_measure=True,
    # a record set aside by two runs is kept once: so at least as many as the run with the most
    sql="""
        WITH counted AS (
            SELECT source, max(rejected_count) AS most FROM ingestion_runs_bronze GROUP BY source HAVING most > 0
        ),
        kept AS (SELECT source, count(*) AS letters FROM rejected_records_bronze GROUP BY source)
        SELECT source, coalesce(letters, 0)::DOUBLE AS observed_value, most::DOUBLE AS threshold,
            observed_value < threshold AS is_broken
        FROM counted LEFT JOIN kept USING (source)
    """,
    advice="Import the files of that source again: records that are known stay as they are.",
)

TOTALS = (_RECORDS, _PLAYS, _SESSIONS, _DAYS, _LETTERS)
