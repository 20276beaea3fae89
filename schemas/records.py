"""Records: what cannot be derived again. Builds append to them and never rewrite them."""

from __future__ import annotations

from schemas.columns import IS_SIMULATED, USER_ID
from schemas.declaration import Table

listeners = Table(
    name="listeners",
    layer="records",
    description="Listeners and the history of their time zones: a row each time a zone begins to hold.",
    schema=f"""
        {USER_ID},
        valid_from  TIMESTAMP NOT NULL COMMENT 'From when the zone holds (UTC)',
        time_zone   STRING COMMENT 'IANA time zone; null for the setting TIMEZONE',
        {IS_SIMULATED},
        recorded_at TIMESTAMP NOT NULL COMMENT 'When the row was recorded (UTC); the newest row of a key holds'
    """,
    primary_key=("user_id", "valid_from", "recorded_at"),
)

pipeline_runs = Table(
    name="pipeline_runs",
    layer="records",
    description="One row a build. A released build names the version of each table that belongs together.",
    schema="""
        run_id       STRING NOT NULL COMMENT 'Run, unique',
        status       STRING NOT NULL COMMENT 'released or failed',
        started_at   TIMESTAMP NOT NULL COMMENT 'Start of the run (UTC)',
        finished_at  TIMESTAMP NOT NULL COMMENT 'End of the run (UTC)',
        as_of        DATE NOT NULL COMMENT 'Day that the build was made for',
        engine       STRING NOT NULL COMMENT 'Engine that ran the build',
        built        STRING NOT NULL COMMENT 'Tables that were built, separated by commas',
        release      STRING COMMENT 'JSON object: table to version, of a released build',
        fingerprints STRING COMMENT 'JSON object: table to month (or empty) to fingerprint',
        error        STRING COMMENT 'What went wrong, where something did'
    """,
    primary_key=("run_id",),
    constraints={"known_status": "status IN ('released', 'failed')"},
)

qa_validation_results = Table(
    name="qa_validation_results",
    layer="records",
    description="What each expectation found in each build.",
    schema="""
        run_id       STRING NOT NULL COMMENT 'Run, unique',
        table_name   STRING NOT NULL COMMENT 'Table that was checked',
        expectation  STRING NOT NULL COMMENT 'Name of the rule',
        status       STRING NOT NULL COMMENT 'PASS, WARN or FAIL',
        row_count    BIGINT NOT NULL COMMENT 'Rows read',
        failing_rows BIGINT NOT NULL COMMENT 'Rows that break the rule',
        checked_at   TIMESTAMP NOT NULL COMMENT 'When the rule was checked (UTC)'
    """,
    primary_key=("run_id", "table_name", "expectation"),
    constraints={"known_status": "status IN ('PASS', 'WARN', 'FAIL')"},
)

ingestion_state = Table(
    name="ingestion_state",
    layer="records",
    description="What collection remembers between runs: not-before times, refusals and cursors. The newest row holds.",
    schema="""
        service     STRING NOT NULL COMMENT 'spotify, reccobeats or deezer',
        subject     STRING NOT NULL COMMENT 'Listener that it concerns, or * for all',
        state_name  STRING NOT NULL COMMENT 'What is remembered',
        state_value STRING COMMENT 'Its value as text',
        not_before  TIMESTAMP COMMENT 'Not to be tried again before (UTC)',
        recorded_at TIMESTAMP NOT NULL COMMENT 'When the row was recorded (UTC); the newest row of a key holds'
    """,
    primary_key=("service", "subject", "state_name", "recorded_at"),
)

catalog_queue = Table(
    name="catalog_queue",
    layer="records",
    description="Ids whose details or audio features are to be fetched, and what came of each attempt. The last holds.",
    schema="""
        item_kind     STRING NOT NULL COMMENT 'What the id names: track, artist, album, discography or audio_features',
        item_id       STRING NOT NULL COMMENT 'Spotify id of the item',
        status        STRING NOT NULL COMMENT 'pending, done or absent',
        priority      BIGINT NOT NULL COMMENT 'Plays that rest on it when it was queued; most first',
        attempt_count INT NOT NULL COMMENT 'Times that it was asked for; 0 when it was queued',
        not_before    TIMESTAMP COMMENT 'Not to be tried again before (UTC)',
        recorded_at   TIMESTAMP NOT NULL COMMENT 'When the row was recorded (UTC); the newest row of a key holds'
    """,
    primary_key=("item_kind", "item_id", "attempt_count"),
    constraints={"known_status": "status IN ('pending', 'done', 'absent')"},
)

recording_rules = Table(
    name="recording_rules",
    layer="records",
    description="What a person says about editions, over what codes and names say. Of a pair, the newest row holds.",
    schema="""
        rule           STRING NOT NULL COMMENT 'merge: the two are one recording; split: track_id stands apart',
        track_id       STRING NOT NULL COMMENT 'Spotify id of the track',
        other_track_id STRING NOT NULL COMMENT 'Track that it is merged with or split from',
        is_active      BOOLEAN NOT NULL COMMENT 'False where the rule was taken back',
        recorded_at    TIMESTAMP NOT NULL COMMENT 'When the row was recorded (UTC); the newest row of a key holds'
    """,
    primary_key=("track_id", "other_track_id", "recorded_at"),
    constraints={"known_rule": "rule IN ('merge', 'split')"},
)

TABLES = (listeners, pipeline_runs, qa_validation_results, ingestion_state, catalog_queue, recording_rules)
