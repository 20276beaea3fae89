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
# The mean of what moods are told by.
CENTRE = """
    valence      DOUBLE COMMENT 'Musical positiveness, 0-1',
    energy       DOUBLE COMMENT 'Perceived intensity, 0-1',
    danceability DOUBLE COMMENT 'How fit for dancing, 0-1',
    acousticness DOUBLE COMMENT 'Confidence that the track is acoustic, 0-1',
    instrumentalness DOUBLE COMMENT 'Confidence that there are no vocals, 0-1',
    tempo        DOUBLE COMMENT 'Beats per minute; null where none was found'
"""
# How well a grouping holds; the same in every row of a fit.
FIT_FIGURES = """
    k            INT NOT NULL COMMENT 'Number of clusters; 0 for none',
    silhouette   DOUBLE COMMENT 'Mean silhouette of the fit, -1 to 1',
    stability    DOUBLE COMMENT 'Mean adjusted Rand index over 20 bootstrap refits',
    null_silhouette DOUBLE COMMENT 'Largest silhouette of 19 samples without groups'
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
STARTS = """
    start_count  BIGINT NOT NULL COMMENT 'Plays that were begun, counted or not',
    skip_count   BIGINT NOT NULL COMMENT 'Plays that were skips'
"""
MEASURED_MS = "measured_ms BIGINT NOT NULL COMMENT 'Part of listened_ms that the source measured, in milliseconds'"
PLAY_SUMS = f"""
    {STARTS},
    play_count   BIGINT NOT NULL COMMENT 'Counted plays',
    listened_ms  BIGINT NOT NULL COMMENT 'Time listened, measured or estimated, in milliseconds',
    {MEASURED_MS}
"""
COUNTED_DATES = """
    first_date   DATE COMMENT 'Local date of the first counted play',
    last_date    DATE COMMENT 'Local date of the last counted play'
"""
ARTIST_KEY = "artist_key STRING NOT NULL COMMENT 'First artist as names are compared: lower case, single blanks'"
ALBUM_KEY = "album_key STRING NOT NULL COMMENT 'Album and first artist as names are compared, a tab between them'"

DIMENSION = "dimension STRING NOT NULL COMMENT 'What is split by: artist, genre_family, device and so on, or total'"
BUCKET = "bucket STRING NOT NULL COMMENT 'Place in the pattern or dimension, such as 1-07 (Monday, 7 h) or weekend'"

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

# What a forecast and the backtest behind it share.
FORECAST_TARGET = """
    target       STRING NOT NULL COMMENT 'Value of a day that is foretold: listened_ms, mean_energy or mean_valence',
    horizon_days INT NOT NULL COMMENT 'Days ahead of the running day, 1-14; in backtests 0 for all together'
"""
IS_BETTER = "is_better BOOLEAN NOT NULL COMMENT 'Whether a model was shown on unseen days to beat all baselines'"
BACKTEST = """
    choice       STRING COMMENT 'Which model is served for the target, and why, in a sentence',
    mae          DOUBLE COMMENT 'Mean absolute error in the backtest, in the unit of the target',
    mase         DOUBLE COMMENT 'mae divided by the mean change from one week to the next before; null for no change',
    same_weekday_mae DOUBLE COMMENT 'mae of the baseline same_weekday at this horizon',
    trailing_mean_mae DOUBLE COMMENT 'mae of the baseline trailing_mean at this horizon',
    coverage_80  DOUBLE COMMENT 'Share of later days that 80 % intervals held, 0-1; null where the past is too short',
    coverage_95  DOUBLE COMMENT 'Share of later days that 95 % intervals held, 0-1; null where the past is too short'
"""

# A figure by which what a model says is judged; a gold table with these columns is told of in `evaluation_results`.
EVALUATION = """
    subject       STRING NOT NULL COMMENT 'What was judged: a model or list, or a target by its model',
    metric        STRING NOT NULL COMMENT 'Figure that judges it, such as mae, coverage_80, hit_rate_20 or ndcg_20',
    metric_cutoff INT NOT NULL COMMENT 'Days ahead, or length of the list, that the figure is of; 0 for all together',
    baseline_name STRING NOT NULL COMMENT 'Simple prediction that it is compared with; empty for none',
    metric_value  DOUBLE COMMENT 'Value of the metric; null with a reason',
    metric_low    DOUBLE COMMENT 'Lower end of the 95 % interval of metric_value, where one is defined',
    metric_high   DOUBLE COMMENT 'Upper end of the 95 % interval of metric_value, where one is defined',
    baseline_value DOUBLE COMMENT 'Value of the metric for the baseline',
    is_better     BOOLEAN COMMENT 'Whether a model was shown on unseen days to beat all baselines',
    sample_size   DOUBLE COMMENT 'What the value rests on, in sample_unit',
    sample_unit   STRING NOT NULL COMMENT 'What sample_size counts',
    reason        STRING COMMENT 'Why a value is null'
"""

SUGGESTION_SOURCE = (
    "suggestion_source STRING NOT NULL COMMENT 'What speaks for it most: together, forgotten, sound, album, listeners, "
    "discovery, own_popularity or own_recency'"
)
SERVED_BY = "served_by STRING NOT NULL COMMENT 'model, or the baseline that was no worse when tested'"
