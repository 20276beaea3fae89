"""Under which names artists and albums are counted, in DuckDB's SQL: as gold does it."""

from __future__ import annotations

# White space as transformations/silver/tracks.py knows it.
_BLANKS = "".join(chr(code) for code in (*range(9, 14), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B)))
_BLANKS += "\u2028\u2029\u202f\u205f\u3000"

NAME_MACROS = f"""
CREATE OR REPLACE MACRO plain(name) AS lower(trim(regexp_replace(name, '[{_BLANKS}]+', ' ', 'g'), ' '));
CREATE OR REPLACE MACRO artist_of(artist) AS nullif(plain(artist), '');
CREATE OR REPLACE MACRO album_of(album, artist) AS
    CASE WHEN nullif(plain(album), '') IS NOT NULL THEN plain(album) || chr(9) || coalesce(plain(artist), '') END;
"""
