"""Bronze: what the sources reported, as they reported it. These tables grow; nothing rebuilds them."""

from __future__ import annotations

from schemas.columns import BATCH, FEATURE_ROW, PLAYED_MONTH, USER_ID
from schemas.declaration import Table

HISTORY_SOURCES = ("recently_played", "currently_playing", "extended_history", "account_data", "listenbrainz")
UNIT_INTERVAL = ("danceability", "energy", "speechiness", "acousticness", "instrumentalness", "liveness", "valence")

_FEATURE_RANGES = {f"{name}_in_range": f"{name} IS NULL OR {name} BETWEEN 0 AND 1" for name in UNIT_INTERVAL}

listening_history_bronze = Table(
    name="listening_history_bronze",
    layer="bronze",
    description="One record as one source reported it. The same record with other details is a further revision.",
    schema=f"""
        record_id       STRING NOT NULL COMMENT 'SHA-256 of listener, source, stamp, track (or names) and ms_played',
        revision        STRING NOT NULL COMMENT 'SHA-256 of the other fields that silver reads',
        {USER_ID},
        source          STRING NOT NULL COMMENT 'Source that reported the play',
        kind            STRING NOT NULL COMMENT 'track, episode or audiobook',
        played_at       TIMESTAMP NOT NULL COMMENT 'Stamp as delivered (UTC, milliseconds)',
        {PLAYED_MONTH},
        track_id        STRING COMMENT 'Spotify id of the track',
        track_name      STRING COMMENT 'Title of the track',
        artist_name     STRING COMMENT 'First artist of the track',
        album_name      STRING COMMENT 'Album',
        duration_ms     BIGINT COMMENT 'Length of the track in milliseconds',
        ms_played       BIGINT COMMENT 'Time heard in milliseconds, where the source measured it',
        episode_name    STRING COMMENT 'Title of the podcast episode or audiobook chapter',
        show_name       STRING COMMENT 'Podcast show or audiobook',
        reason_start    STRING COMMENT 'Why the play began, in Spotify''s words',
        reason_end      STRING COMMENT 'Why the play ended, in Spotify''s words',
        is_shuffle      BOOLEAN COMMENT 'Whether shuffle was on',
        is_skipped      BOOLEAN COMMENT 'Whether Spotify marked the play as skipped',
        is_offline      BOOLEAN COMMENT 'Whether the device was offline',
        offline_at      TIMESTAMP COMMENT 'When an offline play began (UTC), as delivered',
        is_incognito    BOOLEAN COMMENT 'Whether a private session was on',
        platform        STRING COMMENT 'Device or player, as delivered',
        country         STRING COMMENT 'Country of the connection, two letters',
        context_uri     STRING COMMENT 'Playlist, album or artist that was played from',
        payload         STRING COMMENT 'Allowed fields of the record as delivered, JSON',
        mapper_version  INT NOT NULL COMMENT 'Version of the mapper that made the row',
        {BATCH}
    """,
    primary_key=("record_id", "revision"),
    partition_by=("played_month",),
    constraints={
        "known_source": "source IN ('" + "', '".join(HISTORY_SOURCES) + "')",
        "known_kind": "kind IN ('track', 'episode', 'audiobook')",
        "no_negative_time": "ms_played IS NULL OR ms_played >= 0",
    },
)

import_records_bronze = Table(
    name="import_records_bronze",
    layer="bronze",
    description="Which imports brought a record, so that an undo removes only what no other import brought.",
    schema="""
        record_id STRING NOT NULL COMMENT 'SHA-256 of listener, source, stamp, track (or names) and ms_played',
        batch_id  STRING NOT NULL COMMENT 'Import or run that first brought the row'
    """,
    primary_key=("record_id", "batch_id"),
)

rejected_records_bronze = Table(
    name="rejected_records_bronze",
    layer="bronze",
    description="Dead letters: each record that could not be taken in, with its reason.",
    schema=f"""
        rejected_id STRING NOT NULL COMMENT 'SHA-256 of source, file, row number and payload',
        source      STRING NOT NULL COMMENT 'Source that reported the play',
        file        STRING NOT NULL COMMENT 'File that the record came from',
        row_number  BIGINT NOT NULL COMMENT 'Place of the record in the file, from 1',
        reason      STRING NOT NULL COMMENT 'Why the record was set aside',
        payload     STRING COMMENT 'Allowed fields of the record as delivered, JSON',
        {BATCH}
    """,
    primary_key=("rejected_id",),
)

kaggle_tracks_bronze = Table(
    name="kaggle_tracks_bronze",
    layer="bronze",
    description="The Kaggle Spotify tracks catalogue: a row a track and genre, with every column of the file.",
    schema=f"""
        track_genre STRING NOT NULL COMMENT 'Genre block of the catalogue',
        row_index   BIGINT COMMENT 'Running index of the file (its first, unnamed column)',
        artists     STRING COMMENT 'Artists, separated by semicolons',
        album_name  STRING COMMENT 'Album',
        {FEATURE_ROW},
        source      STRING NOT NULL COMMENT 'Where the audio features come from',
        {BATCH}
    """,
    primary_key=("track_id", "track_genre"),
    constraints={**_FEATURE_RANGES, "is_catalogue": "source = 'kaggle'"},
)

my_tracks_features_bronze = Table(
    name="my_tracks_features_bronze",
    layer="bronze",
    description="Audio features measured by a service, or from a preview.",
    schema=f"""
        {FEATURE_ROW},
        source STRING NOT NULL COMMENT 'Where the audio features come from',
        {BATCH}
    """,
    primary_key=("track_id", "source"),
    constraints={**_FEATURE_RANGES, "is_measured": "source IN ('spotify', 'reccobeats', 'preview_analysis')"},
)

my_tracks_features_bronze_synthetic = Table(
    name="my_tracks_features_bronze_synthetic",
    layer="bronze",
    description="Synthetic audio features: invented from the track id, never measured.",
    schema=f"""
        {FEATURE_ROW},
        source            STRING NOT NULL COMMENT 'Where the audio features come from',
        scope             STRING NOT NULL COMMENT 'all: made for every track; missing: where nothing else was known',
        generator_version INT NOT NULL COMMENT 'Version of the generator that invented the numbers',
        {BATCH}
    """,
    primary_key=("track_id", "scope"),
    constraints={
        **_FEATURE_RANGES,
        "is_synthetic": "source = 'synthetic'",
        "known_scope": "scope IN ('all', 'missing')",
        "tempo_in_range": "tempo IS NULL OR tempo BETWEEN 60 AND 180",
    },
)

ingestion_runs_bronze = Table(
    name="ingestion_runs_bronze",
    layer="bronze",
    description="One row a run and source: what came in, in counts that add up.",
    schema="""
        run_id            STRING NOT NULL COMMENT 'Run, unique',
        batch_id          STRING NOT NULL COMMENT 'Import or run that first brought the row',
        source            STRING NOT NULL COMMENT 'Source that reported the play',
        user_id           STRING COMMENT 'Listener, where the source belongs to one',
        status            STRING NOT NULL COMMENT 'done, partial or failed',
        started_at        TIMESTAMP NOT NULL COMMENT 'Start of the run (UTC)',
        finished_at       TIMESTAMP NOT NULL COMMENT 'End of the run (UTC)',
        row_count         BIGINT NOT NULL COMMENT 'Rows read',
        new_count         BIGINT NOT NULL COMMENT 'Rows that were new',
        known_count       BIGINT NOT NULL COMMENT 'Rows that were already known',
        duplicate_count   BIGINT NOT NULL COMMENT 'Rows repeated within their file',
        rejected_count    BIGINT NOT NULL COMMENT 'Rows set aside',
        error             STRING COMMENT 'What went wrong, where something did'
    """,
    primary_key=("run_id",),
    constraints={
        "counts_add_up": "row_count = new_count + known_count + duplicate_count + rejected_count",
        "known_status": "status IN ('done', 'partial', 'failed')",
    },
)

TABLES = (
    listening_history_bronze,
    import_records_bronze,
    rejected_records_bronze,
    kaggle_tracks_bronze,
    my_tracks_features_bronze,
    my_tracks_features_bronze_synthetic,
    ingestion_runs_bronze,
)
