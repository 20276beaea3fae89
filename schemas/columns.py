"""Columns that stand in several tables, written once so that name, type and comment cannot drift apart."""

USER_ID = "user_id STRING NOT NULL COMMENT 'Listener'"
IS_SIMULATED = "is_simulated BOOLEAN NOT NULL COMMENT 'True for a listener that the simulator made up'"
PLAYED_MONTH = "played_month STRING NOT NULL COMMENT 'UTC month of played_at, as yyyy-MM; partition'"

RECORDING_ID = """
    recording_id STRING NOT NULL COMMENT 'What statistics count: the smallest track id of its editions, else title_id'
"""
TITLE_ID = "title_id STRING NOT NULL COMMENT 'SHA-256 of normalised title and first artist, which every source has'"

PLAY = f"""
    {RECORDING_ID},
    track_id     STRING COMMENT 'Spotify id of the track',
    track_name   STRING COMMENT 'Title of the track',
    artist_name  STRING COMMENT 'First artist of the track',
    album_name   STRING COMMENT 'Album',
    duration_ms  BIGINT COMMENT 'Length of the track in milliseconds',
    listened_ms  BIGINT NOT NULL COMMENT 'Time listened, measured or estimated, in milliseconds',
    time_source  STRING NOT NULL COMMENT 'measured, estimated, or unknown (then listened_ms is 0)',
    is_counted   BOOLEAN NOT NULL COMMENT 'At least 30 s were heard, or the whole of a shorter track',
    is_skip      BOOLEAN NOT NULL COMMENT 'Not counted, or ended by a button before half of the track',
    source       STRING NOT NULL COMMENT 'Source that reported the play'
"""

AUDIO_FEATURES = """
    danceability     DOUBLE COMMENT 'How fit for dancing, 0-1',
    energy           DOUBLE COMMENT 'Perceived intensity, 0-1',
    loudness         DOUBLE COMMENT 'Mean loudness in dB relative to full scale',
    speechiness      DOUBLE COMMENT 'Share of spoken words, 0-1',
    acousticness     DOUBLE COMMENT 'Confidence that the track is acoustic, 0-1',
    instrumentalness DOUBLE COMMENT 'Confidence that there are no vocals, 0-1',
    liveness         DOUBLE COMMENT 'Confidence that an audience was present, 0-1',
    valence          DOUBLE COMMENT 'Musical positiveness, 0-1',
    tempo            DOUBLE COMMENT 'Beats per minute; null where none was found'
"""
AUDIO_FEATURE_NAMES = (
    "danceability",
    "energy",
    "loudness",
    "speechiness",
    "acousticness",
    "instrumentalness",
    "liveness",
    "valence",
    "tempo",
)

FEATURE_ROW = f"""
    track_id    STRING NOT NULL COMMENT 'Spotify id of the track',
    track_name  STRING COMMENT 'Title of the track',
    artist_name STRING COMMENT 'First artist of the track',
    popularity  INT COMMENT 'Popularity 0-100, where the source gives it',
    duration_ms BIGINT COMMENT 'Length of the track in milliseconds',
    explicit    BOOLEAN COMMENT 'Whether the lyrics are marked explicit',
    {AUDIO_FEATURES},
    key            INT COMMENT 'Pitch class 0-11; null where none was found',
    mode           INT COMMENT '1 major, 0 minor',
    time_signature INT COMMENT 'Beats in a bar; null where none was found'
"""

BATCH = """
    batch_id    STRING NOT NULL COMMENT 'Import or run that first brought the row',
    ingested_at TIMESTAMP NOT NULL COMMENT 'When the row was written (UTC)'
"""

BASIS = "basis STRING NOT NULL COMMENT 'measured: no synthetic feature; all: what the feature preference gives'"

GENRE = "genre STRING NOT NULL COMMENT 'Genre, as its source writes it'"
GENRE_FAMILY = (
    "genre_family STRING NOT NULL COMMENT 'Family of the genre, by words in its name; other where none is known'"
)

PLAYED_TRACK = f"""
    track_key    STRING NOT NULL COMMENT 'track_id; where it is not known recording_id',
    {RECORDING_ID},
    track_id     STRING COMMENT 'Spotify id of the track',
    track_name   STRING COMMENT 'Title of the track',
    artist_name  STRING COMMENT 'First artist of the track',
    album_name   STRING COMMENT 'Album'
"""
PLAY_SUMS = """
    start_count  BIGINT NOT NULL COMMENT 'Plays that were begun, counted or not',
    skip_count   BIGINT NOT NULL COMMENT 'Plays that were skips',
    play_count   BIGINT NOT NULL COMMENT 'Counted plays',
    listened_ms  BIGINT NOT NULL COMMENT 'Time listened, measured or estimated, in milliseconds',
    measured_ms  BIGINT NOT NULL COMMENT 'Part of listened_ms that the source measured, in milliseconds'
"""

EXCLUDED = """
    excluded_count BIGINT NOT NULL COMMENT 'Plays left out by the listener''s rules, begun or counted',
    excluded_ms    BIGINT NOT NULL COMMENT 'Listening time of the plays left out, in milliseconds'
"""

# What a gold row that summarises plays must carry, so that a reader can judge it.
SUMMARY = """
    play_count     BIGINT NOT NULL COMMENT 'Counted plays',
    listened_ms    BIGINT NOT NULL COMMENT 'Time listened, measured or estimated, in milliseconds',
    measured_share DOUBLE COMMENT 'Share of the listening time whose audio features are not synthetic, 0-1',
    coverage       DOUBLE COMMENT 'Share of the hours of the period that were observed or imported, 0-1'
"""
