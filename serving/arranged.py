"""Tables of a listener's file that are made from the others, so that what a page asks for of one thing lies together.

A page of an artist among a million plays then reads a few thousand rows of the file, and compares numbers, not names.
"""

from __future__ import annotations

FEATURES = ("valence", "energy", "danceability", "acousticness", "instrumentalness", "tempo")
LONGEST_NAME = 200  # letters of a name that search looks at

MEANS = ", ".join(f"avg({name}) AS {name}" for name in FEATURES)

# What recordings and artists are called, their plays of all time, and numbers: of recordings as their plays lie.
_NAMES = """
CREATE TABLE item_names AS
    SELECT 'track' AS subject, recording_id AS key, track_name AS name, artist_name AS detail, play_count,
        artist_of(artist_name) AS artist_key, album_name, album_of(album_name, artist_name) AS album_key, track_id,
        row_number() OVER (ORDER BY artist_key, album_key, key)::INTEGER AS number
    FROM track_stats WHERE period_kind = 'all_time'
    UNION ALL BY NAME
    SELECT 'artist' AS subject, artist_key AS key, artist_name AS name, play_count, artist_key,
        row_number() OVER (ORDER BY key)::INTEGER AS number
    FROM artist_stats WHERE period_kind = 'all_time'
    ORDER BY subject, key;
CREATE TABLE artist_names AS
    SELECT artist_of(artist_name) AS artist_key, artist_name
    FROM (SELECT DISTINCT artist_name FROM listening_with_features) WHERE artist_key IS NOT NULL ORDER BY ALL;
CREATE TABLE album_names AS
    SELECT album_of(album_name, artist_name) AS album_key, album_name, artist_name,
        artist_of(artist_name) AS artist_key
    FROM (SELECT DISTINCT album_name, artist_name FROM listening_with_features) WHERE album_key IS NOT NULL
    ORDER BY ALL;
"""

# Sessions with counted plays have numbers in the order in which they began.
_PLAYS = """
CREATE TEMP TABLE session_numbers AS
    SELECT session_id, row_number() OVER (ORDER BY min(played_at), session_id)::INTEGER AS session_no,
        date_trunc('month', min(played_date))::DATE AS month
    FROM kept_plays WHERE is_counted AND session_id IS NOT NULL GROUP BY 1;
CREATE TABLE plays_by_artist AS
    SELECT artist_of(artist_name) AS artist_key, album_of(album_name, artist_name) AS album_key,
        recordings.number AS recording_no, artists.number AS artist_no, session_no, recording_id, track_id, track_name,
        artist_name, album_name, played_at, played_date, hour_of_day, utc_offset_minutes, listened_ms, is_counted,
        is_skip, session_id
    FROM kept_plays
        LEFT JOIN (SELECT key AS recording_id, number FROM item_names WHERE subject = 'track') AS recordings
            USING (recording_id)
        LEFT JOIN (SELECT key, number FROM item_names WHERE subject = 'artist') AS artists
            ON artists.key = artist_of(artist_name)
        LEFT JOIN session_numbers USING (session_id)
    ORDER BY artist_key, album_key, recording_no, played_at, play_id;
CREATE TABLE plays_by_genre AS
    SELECT genre, genre_weight, artist_key, artist_name, recording_id, played_date, hour_of_day, listened_ms,
        is_counted, is_skip
    FROM plays_by_artist JOIN track_genres USING (track_id) ORDER BY genre, played_date;
"""

# Which artists and recordings were played in which session; months with the sessions that began in them.
_SESSIONS = """
CREATE TABLE session_items AS
    SELECT DISTINCT 'artist' AS subject, session_no, artist_no AS number FROM plays_by_artist
    WHERE is_counted AND session_no IS NOT NULL AND artist_no IS NOT NULL
    UNION ALL
    SELECT DISTINCT 'track' AS subject, session_no, recording_no AS number FROM plays_by_artist
    WHERE is_counted AND session_no IS NOT NULL AND recording_no IS NOT NULL
    ORDER BY ALL;
CREATE TABLE session_months AS
    SELECT month, count(*)::INTEGER AS session_count, min(session_no) AS first_no FROM session_numbers
    GROUP BY 1 ORDER BY 1;
"""

# How each artist, album, recording and genre sounds (means over its tracks), its genres and its moods.
_SOUNDS = f"""
CREATE TEMP TABLE item_tracks AS
    SELECT 'artist' AS subject, artist_key AS key, track_id FROM tracks JOIN artist_names USING (artist_name)
    WHERE is_played
    UNION ALL
    SELECT 'album', album_key, track_id FROM tracks JOIN album_names USING (album_name, artist_name) WHERE is_played
    UNION ALL
    SELECT 'track', coalesce(recording_id, track_id), track_id FROM tracks LEFT JOIN recordings USING (track_id)
    UNION ALL
    SELECT 'genre', genre, track_id FROM track_genres;
CREATE TABLE item_sounds AS
    SELECT * FROM (
        SELECT subject, basis, key, {MEANS}, count(*)::INTEGER AS track_count,
            string_agg(DISTINCT feature_source, ', ' ORDER BY feature_source) AS sources
        FROM item_tracks JOIN track_features USING (track_id) GROUP BY subject, basis, key)
        JOIN (SELECT subject, key, count(*)::INTEGER AS all_count FROM item_tracks GROUP BY ALL) USING (subject, key)
        LEFT JOIN (SELECT subject, key, name, detail, play_count FROM item_names) USING (subject, key)
    ORDER BY subject, basis, key;
CREATE TABLE item_genres AS
    SELECT subject, key, genre, sum(genre_weight) / sum(sum(genre_weight)) OVER (PARTITION BY subject, key)
            AS track_share,
        string_agg(DISTINCT genre_provider, ', ' ORDER BY genre_provider) AS providers
    FROM item_tracks JOIN track_genres USING (track_id) GROUP BY subject, key, genre
    ORDER BY subject, key, track_share DESC, genre;
CREATE TABLE item_moods AS
    SELECT subject, key, basis, cluster_id, cluster_name, count(*)::INTEGER AS track_count,
        any_value(reason) AS reason
    FROM item_tracks JOIN track_moods USING (track_id) GROUP BY 1, 2, 3, 4, 5
    ORDER BY subject, key, basis, track_count DESC, cluster_id;
"""

# What is known of a recording in all its editions, and where it stands in the library now.
_EDITIONS = """
CREATE TABLE item_editions AS
    SELECT key, count(DISTINCT track_id)::INTEGER AS edition_count, min(duration_ms) AS duration_ms,
        max(popularity) AS popularity, min(added_at) AS saved_at, count(DISTINCT playlist_id)::INTEGER AS playlist_count
    FROM item_tracks JOIN tracks USING (track_id)
        LEFT JOIN (SELECT item_id AS track_id, added_at FROM library_history
            WHERE collection = 'saved_tracks' AND is_current) USING (track_id)
        LEFT JOIN (SELECT track_id, playlist_id FROM playlist_items_history WHERE is_current) USING (track_id)
    WHERE subject = 'track' GROUP BY key ORDER BY key;
"""

# What search finds: all that was played, followed or saved. In lower case, without accents: the title, and the text
# that has the artist in it too.
_TRACK_KEY = "coalesce(recordings.recording_id, library.item_id)"
SEARCHED = f"""
CREATE TABLE search_names AS
SELECT *, strip_accents(lower(left(name, {LONGEST_NAME}))) AS title,
    strip_accents(lower(left(name, {LONGEST_NAME}) || ' ' || coalesce(left(detail, {LONGEST_NAME}), ''))) AS text
FROM (
    SELECT 'artists' AS subject, artist_key AS key, artist_name AS name, NULL AS detail, play_count, listened_ms
    FROM artist_stats WHERE period_kind = 'all_time'
    UNION ALL
    SELECT 'artists', artist_of(item_name), min(item_name), NULL, 0, 0 FROM library_history
    WHERE collection = 'followed_artists' AND is_current
        AND artist_of(item_name) NOT IN (SELECT artist_key FROM artist_stats WHERE period_kind = 'all_time')
    GROUP BY 2
    UNION ALL
    SELECT 'albums', album_key, album_name, artist_name, play_count, listened_ms
    FROM album_stats WHERE period_kind = 'all_time'
    UNION ALL
    SELECT 'tracks', recording_id, track_name, artist_name, play_count, listened_ms
    FROM track_stats WHERE period_kind = 'all_time'
    UNION ALL
    SELECT 'tracks', {_TRACK_KEY}, min(item_name), min(library.artist_name), 0, 0
    FROM library_history AS library LEFT JOIN recordings ON recordings.track_id = library.item_id
    WHERE collection = 'saved_tracks' AND is_current
        AND {_TRACK_KEY} NOT IN (SELECT recording_id FROM track_stats WHERE period_kind = 'all_time')
    GROUP BY 2
) WHERE name IS NOT NULL;
"""

ARRANGED = _NAMES + _PLAYS + _SESSIONS + _SOUNDS + _EDITIONS + SEARCHED

# The statistics of one thing over all its periods lie together, too.
ORDERS = {
    name: f"{key}, period_kind, period_start"
    for name, key in (
        ("track_stats", "recording_id"), ("album_stats", "album_key"), ("artist_stats", "artist_key"),
        ("genre_stats", "genre"),
    )
}  # fmt: skip
