"""What is possible but unusual: late, silent, too much, too little, or told in two ways. All of severity WARN.

Each threshold has its reason beside it. A rule judges only where enough is known to judge, and weeks begin on Monday.
"""

from __future__ import annotations

from quality.rules import FIRST, LAST, Rule

# Spotify's longest crossfade is 12 s and exports stamp whole seconds; account data stamps whole minutes.
OVERLAP_MS, MINUTE_OVERLAP_MS = 15_000, 75_000
# A second device at a party now and then is one play in a thousand; one in fifty is a history taken in twice, or stamps
# read from the wrong end.
OVERLAP_SHARE = 0.02

_OVERLAP = Rule(
    name="plays_do_not_overlap",
    table="plays",
    severity="WARN",
    is_measure=True,
    sql=f"""
        WITH spans AS (
            SELECT user_id, started_at, epoch_ms(started_at) AS start_ms, epoch_ms(played_at) AS end_ms,
                if(source = 'account_data', {MINUTE_OVERLAP_MS}, {OVERLAP_MS}) AS allowed_ms
            FROM plays WHERE listened_ms > 0 AND played_month BETWEEN {FIRST} AND {LAST}
        ),
        timed AS (
            SELECT user_id, started_at,
                lag(end_ms) OVER in_time - start_ms > greatest(allowed_ms, lag(allowed_ms) OVER in_time) AS is_early
            FROM spans WINDOW in_time AS (PARTITION BY user_id ORDER BY end_ms, start_ms)
        )
        SELECT user_id, count(*) FILTER (is_early) AS overlapping_plays, min(started_at) FILTER (is_early) AS first_at,
            overlapping_plays / count(*) AS observed_value, {OVERLAP_SHARE}::DOUBLE AS threshold,
            observed_value > threshold AS is_broken
        FROM timed GROUP BY user_id
    """,
    advice="Two histories may be in one listener, or a source stamps another end: look at plays of a day by source.",
)

LATE_DAYS, LATE_SHARE, LEAST_LATE_RECORDS = 7, 0.05, 20  # polls come every twenty minutes; an outage is of days

_LATE = Rule(
    name="polled_in_time",
    table="listening_history_bronze",
    severity="WARN",
    is_measure=True,
    # Of four weeks; the first poll of a listener finds plays from before anybody looked, and is left out.
    sql=f"""
        WITH polled AS (
            SELECT user_id, played_at, ingested_at, min(ingested_at) OVER (PARTITION BY user_id) AS first_poll_at
            FROM listening_history_bronze
            WHERE source = 'recently_played' AND played_month >= strftime($as_of - INTERVAL 1 YEAR, '%Y-%m')
        )
        SELECT user_id, count(*) AS records,
            avg((ingested_at > played_at + INTERVAL {LATE_DAYS} DAY)::INT) AS observed_value,
            {LATE_SHARE}::DOUBLE AS threshold, observed_value > threshold AS is_broken
        FROM polled WHERE ingested_at > first_poll_at AND ingested_at >= $as_of - INTERVAL 28 DAY
        GROUP BY user_id HAVING records >= {LEAST_LATE_RECORDS}
    """,
    advice="Collection stood still: see `lakesong status`, and let the scheduler run. Gaps are in coverage_gaps.",
)

SILENT_DAYS = 14  # a holiday without music; a sign-in that ended is told long before

_FRESH = Rule(
    name="polls_bring_plays",
    table="coverage",
    severity="WARN",
    is_measure=True,
    sql=f"""
        SELECT user_id, max(newest_at) AS newest_at,
            date_diff('day', max(newest_at)::DATE, $as_of)::DOUBLE AS observed_value,
            {SILENT_DAYS}::DOUBLE AS threshold, observed_value > threshold AS is_broken
        FROM ingestion_runs_bronze
        WHERE source = 'recently_played' AND status = 'done' AND newest_at IS NOT NULL
        GROUP BY user_id
    """,
    advice="Is the scheduler running, and does the listener still use this account? `lakesong status` says more.",
)

# Counts of twelve weeks give a rough spread: by the median absolute deviation alone an even listener would be warned
# of every busy week. Half of the usual is where a doubled or halved history lies.
SPREADS, LEAST_CHANGE, TRAILING_WEEKS, LEAST_WEEKS, LEAST_COVERAGE = 3, 0.5, 12, 8, 0.9

_VOLUME = Rule(
    name="a_usual_number_of_plays",
    table="daily_listening",
    severity="WARN",
    is_measure=True,
    # plays that rules leave out arrived too
    sql=f"""
        WITH weeks AS (
            SELECT user_id, date_trunc('week', played_date)::DATE AS week_start,
                sum(start_count + coalesce(excluded_count, 0))::DOUBLE AS starts
            FROM daily_listening
            WHERE basis = 'all' AND played_date < date_trunc('week', $as_of)
                AND played_date >= date_trunc('week', $as_of) - INTERVAL {TRAILING_WEEKS + 1} WEEK
            GROUP BY ALL HAVING count(*) = 7 AND avg(coalesce(coverage, 0)) >= {LEAST_COVERAGE}
        ),
        usual AS (
            SELECT user_id, median(starts) AS middle,
                greatest({SPREADS} * 1.4826 * mad(starts), {LEAST_CHANGE} * median(starts)) AS reach
            FROM weeks WHERE week_start < date_trunc('week', $as_of) - INTERVAL 1 WEEK
            GROUP BY user_id HAVING count(*) >= {LEAST_WEEKS}
        )
        SELECT user_id, week_start, middle AS usual_plays, starts AS observed_value,
            CASE WHEN starts > middle THEN middle + reach ELSE greatest(middle - reach, 0) END AS threshold,
            abs(starts - middle) > reach AS is_broken
        FROM weeks JOIN usual USING (user_id)
        WHERE week_start = date_trunc('week', $as_of) - INTERVAL 1 WEEK
    """,
    advice="If the listener did not listen more or less: look for a source taken in twice, or one that stopped.",
)

# The window of most indicators of wellbeing, against the twelve weeks before it.
FALL, LEAST_HOURS = 0.1, 10

_FEATURES_FELL = Rule(
    name="features_stay_known",
    table="listening_with_features",
    severity="WARN",
    is_measure=True,
    sql=f"""
        WITH listened AS (
            SELECT user_id, played_date >= date_trunc('week', $as_of) - INTERVAL 4 WEEK AS is_recent, listened_ms,
                energy IS NOT NULL AND valence IS NOT NULL AS is_known, feature_source = 'synthetic' AS is_synthetic
            FROM listening_with_features
            WHERE excluded_by IS NULL AND played_date < date_trunc('week', $as_of)
                AND played_date >= date_trunc('week', $as_of) - INTERVAL 16 WEEK
                AND played_month >= strftime(date_trunc('week', $as_of) - INTERVAL 17 WEEK, '%Y-%m')
        ),
        sums AS (
            SELECT user_id, is_recent, sum(listened_ms) AS ms, coalesce(sum(listened_ms) FILTER (is_known), 0) AS known,
                coalesce(sum(listened_ms) FILTER (is_known AND NOT is_synthetic), 0) AS measured
            FROM listened GROUP BY ALL HAVING ms >= {LEAST_HOURS} * 3600000
        ),
        shares AS (
            SELECT user_id, is_recent, 'all' AS basis, known / ms AS known_share FROM sums
            UNION ALL
            SELECT user_id, is_recent, 'measured', measured / ms FROM sums
        )
        SELECT user_id, basis, recent.known_share AS observed_value,
            before.known_share - {FALL} AS threshold, observed_value < threshold AS is_broken
        FROM shares AS recent JOIN shares AS before USING (user_id, basis)
        WHERE recent.is_recent AND NOT before.is_recent
    """,
    advice="See the newest runs of audio_features in ingestion_runs_bronze; `lakesong ingest` asks again.",
)

# Above it less than 60 % is measured, and means on the basis `measured` are null (transformations/bases.py).
MOST_SYNTHETIC = 0.4

_SYNTHETIC = Rule(
    name="features_are_mostly_measured",
    table="listening_with_features",
    severity="WARN",
    is_measure=True,
    sql=f"""
        SELECT user_id,
            coalesce(sum(listened_ms) FILTER (feature_source = 'synthetic'), 0) / sum(listened_ms) AS observed_value,
            {MOST_SYNTHETIC}::DOUBLE AS threshold, observed_value > threshold AS is_broken
        FROM listening_with_features
        WHERE excluded_by IS NULL AND played_date < $as_of AND played_date >= $as_of - INTERVAL 28 DAY
            AND played_month >= strftime($as_of - INTERVAL 35 DAY, '%Y-%m')
        GROUP BY user_id HAVING sum(listened_ms) >= {LEAST_HOURS} * 3600000
    """,
    advice="Bring in the Kaggle catalogue (`lakesong import-catalog dataset.csv`), or collect (`lakesong ingest`).",
)

# Spotify lists as recently played what was heard for 30 s: of exports only such records are compared.
SKEW, LEAST_SKEW_RECORDS, LISTED_MS = 0.1, 100, 30_000

_SKEW = Rule(
    name="sources_tell_the_same",
    table="coverage",
    severity="WARN",
    is_measure=True,
    # Days (UTC) of the last year, as far as account data reaches, that lie wholly inside the spans of both sources; of
    # polls, days without a suspected gap.
    sql=f"""
        WITH spans AS (
            SELECT user_id, source, oldest_at AS first_at, newest_at AS last_at FROM ingestion_runs_bronze
            WHERE source IN ('extended_history', 'account_data') AND newest_at IS NOT NULL
            UNION ALL
            SELECT user_id, source, min(oldest_at), max(started_at) FROM ingestion_runs_bronze
            WHERE source = 'recently_played' AND status = 'done' AND newest_at IS NOT NULL GROUP BY ALL
        ),
        days AS (
            SELECT DISTINCT user_id, source, unnest(generate_series(
                first_at::DATE + INTERVAL 1 DAY, last_at::DATE - INTERVAL 1 DAY, INTERVAL 1 DAY))::DATE AS day
            FROM spans
        ),
        covered AS (
            SELECT days.* FROM days LEFT JOIN coverage_gaps gap
                ON gap.user_id = days.user_id AND days.source = 'recently_played'
                AND gap.gap_start_at < day + INTERVAL 1 DAY AND gap.gap_end_at >= day
            WHERE gap.user_id IS NULL AND day >= date_trunc('month', $as_of - INTERVAL 1 YEAR)
        ),
        both_told AS (
            SELECT user_id, a.source AS one, b.source AS other, day
            FROM covered a JOIN covered b USING (user_id, day) WHERE a.source > b.source
        ),
        told AS (SELECT DISTINCT user_id, unnest([one, other]) AS source, day FROM both_told),
        heard AS (
            SELECT user_id, source, day, count(*) AS records
            FROM (
                SELECT user_id, source, played_at::DATE AS day FROM listening_history_bronze
                WHERE kind = 'track' AND coalesce(ms_played, {LISTED_MS}) >= {LISTED_MS}
                    AND played_month >= strftime($as_of - INTERVAL 1 YEAR, '%Y-%m')
            ) JOIN told USING (user_id, source, day)
            GROUP BY ALL
        )
        SELECT both_told.user_id, one, other, count(*) AS days, coalesce(sum(a.records), 0) AS records_of_one,
            coalesce(sum(b.records), 0) AS records_of_other,
            abs(records_of_one - records_of_other) / greatest(records_of_one, records_of_other) AS observed_value,
            {SKEW}::DOUBLE AS threshold, observed_value > threshold AS is_broken
        FROM both_told
        LEFT JOIN heard a ON a.user_id = both_told.user_id AND a.source = one AND a.day = both_told.day
        LEFT JOIN heard b ON b.user_id = both_told.user_id AND b.source = other AND b.day = both_told.day
        GROUP BY ALL HAVING greatest(records_of_one, records_of_other) >= {LEAST_SKEW_RECORDS}
    """,
    advice="One of them is incomplete for days that both tell of: import that export again, or ask for a new one.",
)

ANOMALIES = (_OVERLAP, _LATE, _FRESH, _VOLUME, _FEATURES_FELL, _SYNTHETIC, _SKEW)
