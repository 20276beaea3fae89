"""Columns that tables of suggestions share."""

from __future__ import annotations

SUGGESTION = """
    track_id     STRING COMMENT 'Spotify id of the track',
    track_name   STRING COMMENT 'Title of the track',
    artist_name  STRING COMMENT 'First artist of the track',
    album_name   STRING COMMENT 'Album',
    why          STRING NOT NULL COMMENT 'Why it is suggested, in one sentence',
    part_of_day  STRING COMMENT 'night 0-5, morning 5-12, afternoon 12-17, evening 17-22, late 22-24',
    is_new_to_listener BOOLEAN NOT NULL COMMENT 'Whether the listener never played it, in no edition',
    last_played_date DATE COMMENT 'Local date of the last counted play of its recording'
"""
