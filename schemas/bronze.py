"""Bronze: what the sources reported, as they reported it. These tables grow; nothing rebuilds them."""

from __future__ import annotations

from schemas.columns import BATCH, FEATURE_ROW, PLAYED_MONTH, USER_ID
from schemas.declaration import Expectation, Table

HISTORY_SOURCES = ("recently_played", "currently_playing", "extended_history", "account_data", "listenbrainz")
UNIT_INTERVAL = ("danceability", "energy", "speechiness", "acousticness", "instrumentalness", "liveness", "valence")

_FEATURE_RANGES = {f"{name}_in_range": f"{name} IS NULL OR {name} BETWEEN 0 AND 1" for name in UNIT_INTERVAL}

# An odd row of a source must not lock a listener out of a build: rules about what a source says are of severity WARN.
# FAIL is for what this program did wrong, and silver would lose or choke on.
_LENGTH = {"no_longer_than_a_day": Expectation("duration_ms BETWEEN 0 AND 86400000", "WARN")}
_POPULARITY = {"popularity_in_range": Expectation("popularity BETWEEN 0 AND 100", "WARN")}
_FEATURES = {
    **_LENGTH,
    **_POPULARITY,
    "tempo_of_music": Expectation("tempo BETWEEN 0 AND 300", "WARN"),
    "loudness_in_range": Expectation("loudness BETWEEN -80 AND 10", "WARN"),
    "key_on_the_scale": Expectation("key BETWEEN 0 AND 11", "WARN"),
    "major_or_minor": Expectation("mode BETWEEN 0 AND 1", "WARN"),
}

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
    expectations={
        # Silver reads records by month, and tells music apart by its title or id.
        "month_of_its_stamp": Expectation("played_month = STRFTIME(played_at, '%Y-%m')"),
        "music_has_a_title_or_an_id": Expectation("kind <> 'track' OR track_name IS NOT NULL OR track_id IS NOT NULL"),
        "stamped_before_it_came_in": Expectation("played_at <= ingested_at + INTERVAL '1 day'", "WARN"),
        # The first scrobblers are of 2003, Spotify of 2008: before them lie clocks that were never set.
        "stamped_after_2002": Expectation("played_month >= '2003-01'", "WARN"),
        "heard_within_a_day": Expectation("ms_played <= 86400000", "WARN"),
        **_LENGTH,
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
    expectations=_FEATURES,
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
    expectations=_FEATURES,
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
        user_id           STRING COMMENT 'Listener',
        status            STRING NOT NULL COMMENT 'done, partial or failed',
        started_at        TIMESTAMP NOT NULL COMMENT 'Start of the run (UTC)',
        finished_at       TIMESTAMP NOT NULL COMMENT 'End of the run (UTC)',
        row_count         BIGINT NOT NULL COMMENT 'Rows read',
        new_count         BIGINT NOT NULL COMMENT 'Rows that were new',
        known_count       BIGINT NOT NULL COMMENT 'Rows that were already known',
        duplicate_count   BIGINT NOT NULL COMMENT 'Rows repeated within their file',
        rejected_count    BIGINT NOT NULL COMMENT 'Rows set aside',
        request_count     BIGINT COMMENT 'Requests that were sent to a service',
        oldest_at         TIMESTAMP COMMENT 'First stamp of an import, or of the plays that a poll got (UTC)',
        newest_at         TIMESTAMP COMMENT 'Last stamp of an import, or of the plays that a poll got (UTC)',
        is_full           BOOLEAN COMMENT 'Whether a poll was offered as many plays as Spotify ever shows',
        error             STRING COMMENT 'What went wrong, where something did'
    """,
    primary_key=("run_id",),
    constraints={
        "counts_add_up": "row_count = new_count + known_count + duplicate_count + rejected_count",
        "known_status": "status IN ('done', 'partial', 'failed')",
    },
    expectations={
        "no_negative_count": Expectation(
            "new_count >= 0 AND known_count >= 0 AND duplicate_count >= 0 AND rejected_count >= 0"
        ),
        "span_in_order": Expectation("oldest_at <= newest_at"),
        "ends_after_it_starts": Expectation("started_at <= finished_at", "WARN"),  # a clock may be set back
    },
)

_DESCRIBED_BY = """
        provider        STRING NOT NULL COMMENT 'Who described it: spotify, reccobeats or file',
        revision        STRING NOT NULL COMMENT 'SHA-256 of the other fields that silver reads'
"""

tracks_bronze = Table(
    name="tracks_bronze",
    layer="bronze",
    description="Tracks as a service described them. The same track with other details is a further revision.",
    schema=f"""
        track_id        STRING NOT NULL COMMENT 'Spotify id of the track',
        {_DESCRIBED_BY},
        track_name      STRING COMMENT 'Title of the track',
        artist_id       STRING COMMENT 'Spotify id of the first artist',
        artist_name     STRING COMMENT 'First artist of the track',
        artist_ids      STRING COMMENT 'Spotify ids of all artists, JSON array in order of credit',
        artist_names    STRING COMMENT 'Names of all artists, JSON array in order of credit',
        album_id        STRING COMMENT 'Spotify id of the album',
        album_name      STRING COMMENT 'Album',
        isrc            STRING COMMENT 'International code of the recording',
        duration_ms     BIGINT COMMENT 'Length of the track in milliseconds',
        explicit        BOOLEAN COMMENT 'Whether the lyrics are marked explicit',
        popularity      INT COMMENT 'Popularity 0-100, where the source gives it',
        disc_number     INT COMMENT 'Disc of the album that the track is on',
        track_number    INT COMMENT 'Place of the track on its disc',
        payload         STRING COMMENT 'Allowed fields of the record as delivered, JSON',
        mapper_version  INT NOT NULL COMMENT 'Version of the mapper that made the row',
        {BATCH}
    """,
    primary_key=("track_id", "provider", "revision"),
    expectations={**_LENGTH, **_POPULARITY},
)

albums_bronze = Table(
    name="albums_bronze",
    layer="bronze",
    description="Albums as Spotify described them, each with the list of its tracks.",
    schema=f"""
        album_id        STRING NOT NULL COMMENT 'Spotify id of the album',
        {_DESCRIBED_BY},
        album_name      STRING COMMENT 'Album',
        artist_id       STRING COMMENT 'Spotify id of the first artist',
        artist_name     STRING COMMENT 'First artist of the track',
        artist_ids      STRING COMMENT 'Spotify ids of all artists, JSON array in order of credit',
        artist_names    STRING COMMENT 'Names of all artists, JSON array in order of credit',
        album_type      STRING COMMENT 'album, single or compilation',
        released_on     STRING COMMENT 'Day, month or year of release, as delivered',
        upc             STRING COMMENT 'Universal product code',
        total_tracks    INT COMMENT 'Number of tracks, as delivered',
        track_ids       STRING COMMENT 'Spotify ids of the tracks, JSON array in album order; null where not fetched',
        payload         STRING COMMENT 'Allowed fields of the record as delivered, JSON',
        mapper_version  INT NOT NULL COMMENT 'Version of the mapper that made the row',
        {BATCH}
    """,
    primary_key=("album_id", "provider", "revision"),
)

artists_bronze = Table(
    name="artists_bronze",
    layer="bronze",
    description="Artists as Spotify, or an artist catalogue in a file, described them.",
    schema=f"""
        artist_id       STRING NOT NULL COMMENT 'Spotify id of the first artist',
        {_DESCRIBED_BY},
        artist_name     STRING COMMENT 'First artist of the track',
        genres          STRING COMMENT 'Genres, JSON array; null where the source gives none',
        popularity      INT COMMENT 'Popularity 0-100, where the source gives it',
        follower_count  BIGINT COMMENT 'Followers, where the source gives them',
        payload         STRING COMMENT 'Allowed fields of the record as delivered, JSON',
        mapper_version  INT NOT NULL COMMENT 'Version of the mapper that made the row',
        {BATCH}
    """,
    primary_key=("artist_id", "provider", "revision"),
    expectations={**_POPULARITY, "no_negative_followers": Expectation("follower_count >= 0", "WARN")},
)

COLLECTIONS = ("saved_tracks", "followed_artists", "playlists", "playlist_items", "top_items")

_SNAPSHOT = f"snapshot_key STRING NOT NULL COMMENT 'Snapshot that the row belongs to', {USER_ID}"

library_snapshots_bronze = Table(
    name="library_snapshots_bronze",
    layer="bronze",
    description="One row each time that a collection of a listener was read and was not as it had been before.",
    schema=f"""
        {_SNAPSHOT},
        collection   STRING NOT NULL COMMENT 'saved_tracks, followed_artists, playlists, playlist_items or top_items',
        part         STRING NOT NULL COMMENT 'Playlist id, or kind and range of top items; else empty',
        snapshot_at  TIMESTAMP NOT NULL COMMENT 'When the collection was read (UTC)',
        version_tag  STRING NOT NULL COMMENT 'Equal tags, equal items: Spotify''s snapshot id, or a SHA-256',
        item_count   BIGINT NOT NULL COMMENT 'Items that were read',
        is_readable  BOOLEAN NOT NULL COMMENT 'False where Spotify does not show the items of another''s playlist',
        {BATCH}
    """,
    primary_key=("snapshot_key",),
    constraints={"known_collection": "collection IN ('" + "', '".join(COLLECTIONS) + "')"},
    expectations={"no_negative_count": Expectation("item_count >= 0")},
)

saved_tracks_bronze = Table(
    name="saved_tracks_bronze",
    layer="bronze",
    description="The tracks of a snapshot of a listener's saved tracks.",
    schema=f"""
        {_SNAPSHOT},
        position     INT NOT NULL COMMENT 'Place in the collection, from 1',
        track_id     STRING NOT NULL COMMENT 'Spotify id of the track',
        track_name   STRING COMMENT 'Title of the track',
        artist_name  STRING COMMENT 'First artist of the track',
        added_at     TIMESTAMP COMMENT 'When the listener added it (UTC)',
        {BATCH}
    """,
    primary_key=("snapshot_key", "position"),
)

followed_artists_bronze = Table(
    name="followed_artists_bronze",
    layer="bronze",
    description="The artists of a snapshot of those that a listener follows.",
    schema=f"""
        {_SNAPSHOT},
        position     INT NOT NULL COMMENT 'Place in the collection, from 1',
        artist_id    STRING NOT NULL COMMENT 'Spotify id of the first artist',
        artist_name  STRING COMMENT 'First artist of the track',
        {BATCH}
    """,
    primary_key=("snapshot_key", "position"),
)

top_items_bronze = Table(
    name="top_items_bronze",
    layer="bronze",
    description="What Spotify ranked highest for a listener, and when it did.",
    schema=f"""
        {_SNAPSHOT},
        item_kind    STRING NOT NULL COMMENT 'What the id names: track, artist, album, discography or audio_features',
        time_range   STRING NOT NULL COMMENT 'short_term (4 weeks), medium_term (6 months) or long_term (a year)',
        position     INT NOT NULL COMMENT 'Place in the collection, from 1',
        item_id      STRING NOT NULL COMMENT 'Spotify id of the item',
        item_name    STRING COMMENT 'Title or name of the item',
        artist_name  STRING COMMENT 'First artist of the track',
        snapshot_at  TIMESTAMP NOT NULL COMMENT 'When the collection was read (UTC)',
        {BATCH}
    """,
    primary_key=("snapshot_key", "position"),
)

playlists_bronze = Table(
    name="playlists_bronze",
    layer="bronze",
    description="The playlists of a snapshot of a listener's list of playlists, own and followed.",
    schema=f"""
        {_SNAPSHOT},
        position         INT NOT NULL COMMENT 'Place in the collection, from 1',
        playlist_id      STRING NOT NULL COMMENT 'Spotify id of the playlist',
        playlist_name    STRING COMMENT 'Name of the playlist',
        playlist_description STRING COMMENT 'Text that the owner wrote',
        owner_id         STRING COMMENT 'Spotify id of the owner',
        is_own           BOOLEAN COMMENT 'Whether the listener owns it',
        is_collaborative BOOLEAN COMMENT 'Whether others may change it',
        is_public        BOOLEAN COMMENT 'Whether it shows on the profile',
        version_tag      STRING COMMENT 'Equal tags, equal items: Spotify''s snapshot id, or a SHA-256',
        total_tracks     INT COMMENT 'Number of tracks, as delivered',
        {BATCH}
    """,
    primary_key=("snapshot_key", "position"),
)

playlist_items_bronze = Table(
    name="playlist_items_bronze",
    layer="bronze",
    description="The items of a snapshot of one playlist, in its order.",
    schema=f"""
        {_SNAPSHOT},
        position     INT NOT NULL COMMENT 'Place in the collection, from 1',
        playlist_id  STRING NOT NULL COMMENT 'Spotify id of the playlist',
        item_uri     STRING NOT NULL COMMENT 'Spotify''s address of the item: track, episode or local file',
        track_id     STRING COMMENT 'Spotify id of the track',
        track_name   STRING COMMENT 'Title of the track',
        artist_name  STRING COMMENT 'First artist of the track',
        added_at     TIMESTAMP COMMENT 'When the listener added it (UTC)',
        {BATCH}
    """,
    primary_key=("snapshot_key", "position"),
)

TABLES = (
    listening_history_bronze,
    import_records_bronze,
    rejected_records_bronze,
    kaggle_tracks_bronze,
    my_tracks_features_bronze,
    my_tracks_features_bronze_synthetic,
    tracks_bronze,
    albums_bronze,
    artists_bronze,
    library_snapshots_bronze,
    saved_tracks_bronze,
    followed_artists_bronze,
    top_items_bronze,
    playlists_bronze,
    playlist_items_bronze,
    ingestion_runs_bronze,
)
