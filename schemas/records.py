"""Records: what cannot be derived again. Builds append to them and never rewrite them."""

from __future__ import annotations

from schemas.columns import BASIS, EVALUATION, IS_SIMULATED, RECORDING_ID, SERVED_BY, SUGGESTION_SOURCE, USER_ID
from schemas.declaration import Expectation, Table

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
    description="What each expectation found in each build, and each time that the lake was checked as it stood.",
    schema="""
        run_id         STRING NOT NULL COMMENT 'Run, unique',
        table_name     STRING NOT NULL COMMENT 'Table that the row tells of',
        expectation    STRING NOT NULL COMMENT 'Name of the rule',
        severity       STRING COMMENT 'FAIL or WARN: what the status is where the rule is broken',
        status         STRING NOT NULL COMMENT 'PASS, WARN or FAIL',
        observed_value DOUBLE COMMENT 'What was measured; of a rule about rows the number that break it',
        threshold      DOUBLE COMMENT 'What was expected, or the limit that counts, in the unit of observed_value',
        row_count      BIGINT NOT NULL COMMENT 'Rows read',
        failing_rows   BIGINT NOT NULL COMMENT 'Rows that break the rule',
        sample_keys    STRING COMMENT 'Keys of up to five rows that break the rule, JSON array of objects',
        batch_ids      STRING COMMENT 'Imports or runs that brought those rows, JSON array; of bronze only',
        error          STRING COMMENT 'What went wrong, where something did',
        checked_at     TIMESTAMP NOT NULL COMMENT 'When the rule was checked (UTC)'
    """,
    primary_key=("run_id", "table_name", "expectation"),
    constraints={"known_status": "status IN ('PASS', 'WARN', 'FAIL')"},
)

model_runs = Table(
    name="model_runs",
    layer="records",
    description="Model cards: a row each time that a model was fitted and released. user_id is * where listeners are"
    " fitted together; basis is all where nothing rests on audio features.",
    schema=f"""
        run_id          STRING NOT NULL COMMENT 'Run, unique',
        table_name      STRING NOT NULL COMMENT 'Table that the row tells of',
        model_name      STRING NOT NULL COMMENT 'Name of the model',
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        features        STRING NOT NULL COMMENT 'What the model is fitted on, JSON array of names in order',
        fitted_count    BIGINT NOT NULL COMMENT 'Tracks, sessions, genres or listeners that the model was fitted on',
        k               INT NOT NULL COMMENT 'Number of clusters; 0 for none',
        silhouette      DOUBLE COMMENT 'Mean silhouette of the fit, -1 to 1',
        stability       DOUBLE COMMENT 'Mean adjusted Rand index over 20 bootstrap refits',
        null_silhouette DOUBLE COMMENT 'Largest silhouette of 19 samples without groups',
        seed            INT NOT NULL COMMENT 'Seed of the random numbers of the fit',
        reason          STRING COMMENT 'Why a value is null',
        as_of           DATE NOT NULL COMMENT 'Day that the build was made for',
        fitted_at       TIMESTAMP NOT NULL COMMENT 'When the build that fitted the model ended (UTC)'
    """,
    primary_key=("run_id", "table_name", "user_id", "is_simulated", "basis"),
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

listener_consents = Table(
    name="listener_consents",
    layer="records",
    description="What a listener agreed to, or took back. Of a listener and a matter, the newest row holds.",
    schema=f"""
        {USER_ID},
        consent        STRING NOT NULL COMMENT 'compare: to be compared with the others who agreed to it',
        is_given       BOOLEAN NOT NULL COMMENT 'False where the listener does not agree, or not any more',
        recorded_at    TIMESTAMP NOT NULL COMMENT 'When the row was recorded (UTC); the newest row of a key holds'
    """,
    primary_key=("user_id", "consent", "recorded_at"),
    constraints={"known_consent": "consent IN ('compare')"},
)

created_playlists = Table(
    name="created_playlists",
    layer="records",
    description="Playlists made on Spotify: what was planned, written before anything is sent, and what came of it.",
    schema=f"""
        playlist_key   STRING NOT NULL COMMENT 'What was asked for and under which name; asked again, it is the same',
        {USER_ID},
        {IS_SIMULATED},
        playlist_name  STRING NOT NULL COMMENT 'Name of the playlist',
        playlist_kind  STRING NOT NULL COMMENT 'What its tracks were chosen by, and the value, such as mood calm-dark',
        marker         STRING NOT NULL COMMENT 'Text in its description on Spotify by which it is found again',
        status         STRING NOT NULL COMMENT 'planned, created (empty or in part), filled, or gone from Spotify',
        is_public      BOOLEAN NOT NULL COMMENT 'Whether it shows on the profile',
        track_uris     STRING NOT NULL COMMENT 'Spotify''s addresses of the tracks in their order, JSON array',
        playlist_id    STRING COMMENT 'Spotify id of the playlist',
        snapshot_id    STRING COMMENT 'Spotify''s name of the version of the playlist that was left behind',
        recorded_at    TIMESTAMP NOT NULL COMMENT 'When the row was recorded (UTC); the newest row of a key holds'
    """,
    primary_key=("playlist_key", "recorded_at"),
    constraints={"known_status": "status IN ('planned', 'created', 'filled', 'gone')"},
)

playlist_changes = Table(
    name="playlist_changes",
    layer="records",
    description="Changes applied to own playlists, each with what was there before, so that it can be undone.",
    schema=f"""
        change_id      STRING NOT NULL COMMENT 'Change, unique',
        {USER_ID},
        {IS_SIMULATED},
        playlist_id    STRING NOT NULL COMMENT 'Spotify id of the playlist',
        playlist_name  STRING COMMENT 'Name of the playlist',
        status         STRING NOT NULL COMMENT 'begun, applied, undoing or undone',
        items_before   STRING NOT NULL COMMENT 'Spotify''s addresses of the items before, in their order, JSON array',
        items_after    STRING NOT NULL COMMENT 'The same after the change',
        snapshot_before STRING COMMENT 'Spotify''s name of the version of the playlist before',
        snapshot_after STRING COMMENT 'Spotify''s name of the version of the playlist after; null until it is applied',
        recorded_at    TIMESTAMP NOT NULL COMMENT 'When the row was recorded (UTC); the newest row of a key holds'
    """,
    primary_key=("change_id", "recorded_at"),
    constraints={"known_status": "status IN ('begun', 'applied', 'undoing', 'undone')"},
)

wrapped_reports = Table(
    name="wrapped_reports",
    layer="records",
    description="The archive of Wrapped: what was told of a listener's period, as data, with what it was made from."
    " Reopened from here, it is the same for ever.",
    schema=f"""
        report_id      STRING NOT NULL COMMENT 'First 16 digits of the SHA-256 of listener, period and data',
        {USER_ID},
        {IS_SIMULATED},
        report_kind    STRING NOT NULL COMMENT 'year, month, week or range',
        from_date      DATE NOT NULL COMMENT 'First local day that the report tells of',
        to_date        DATE NOT NULL COMMENT 'Last local day that the report tells of',
        made_at        TIMESTAMP NOT NULL COMMENT 'When the report was made (UTC)',
        code_version   STRING NOT NULL COMMENT 'Version of the program, and a digest of the code that makes the data',
        table_versions STRING NOT NULL COMMENT 'Versions of the tables that were read, JSON object',
        made_from      STRING NOT NULL COMMENT 'Release, imports, rules and zones that held then, JSON object',
        report_data    STRING NOT NULL COMMENT 'What the report tells, JSON with sorted keys'
    """,
    primary_key=("report_id", "made_at"),
    constraints={"known_report_kind": "report_kind IN ('year', 'month', 'week', 'range')"},
)

evaluation_results = Table(
    name="evaluation_results",
    layer="records",
    description="How well models did on what they had not seen, with each build that judged them: the rows of every"
    " gold table with the columns of an evaluation.",
    schema=f"""
        run_id        STRING NOT NULL COMMENT 'Run, unique',
        table_name    STRING NOT NULL COMMENT 'Table that the row tells of',
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        {EVALUATION},
        as_of         DATE NOT NULL COMMENT 'Day that the build was made for',
        evaluated_at  TIMESTAMP NOT NULL COMMENT 'When the build that judged it ended (UTC)'
    """,
    primary_key=("run_id", "table_name", "user_id", "basis", "subject", "metric", "metric_cutoff", "baseline_name"),
)

recommendation_outcomes = Table(
    name="recommendation_outcomes",
    layer="records",
    description="What was suggested to listeners, and what then became of it. Of a suggestion, the newest row holds.",
    schema=f"""
        {USER_ID},
        {BASIS},
        suggested_date DATE NOT NULL COMMENT 'Day from which on it was suggested',
        {RECORDING_ID},
        track_id      STRING COMMENT 'Spotify id of the track',
        rank          INT NOT NULL COMMENT 'Place in the list, 1 the first',
        {SUGGESTION_SOURCE},
        why           STRING NOT NULL COMMENT 'Why it is suggested, in one sentence',
        {SERVED_BY},
        outcome       STRING NOT NULL COMMENT 'suggested (still open), played, skipped, saved or ignored',
        outcome_date  DATE COMMENT 'Day on which the outcome was reached; null while it is open',
        recorded_at   TIMESTAMP NOT NULL COMMENT 'When the row was recorded (UTC); the newest row of a key holds'
    """,
    primary_key=("user_id", "basis", "suggested_date", "recording_id", "recorded_at", "outcome"),
    constraints={"known_outcome": "outcome IN ('suggested', 'played', 'skipped', 'saved', 'ignored')"},
    expectations={"dated_when_known": Expectation("(outcome = 'suggested') = (outcome_date IS NULL)")},
)

TABLES = (
    listeners,
    pipeline_runs,
    qa_validation_results,
    model_runs,
    ingestion_state,
    catalog_queue,
    recording_rules,
    listener_consents,
    created_playlists,
    playlist_changes,
    wrapped_reports,
    evaluation_results,
    recommendation_outcomes,
)
