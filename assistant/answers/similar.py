"""Music like something: nearest in sound by measured features, and what stands in the same sessions."""

from __future__ import annotations

from datetime import date, timedelta

from assistant.desk import DeclinedError, Desk, Told
from assistant.replies import Column, Item, Row

# Distance over standardised features, as the mood clusters use them.
_AXES = ("danceability", "energy", "valence", "acousticness", "instrumentalness", "tempo")
_WISHES = {
    "calm": "energy <= 0.45", "energetic": "energy >= 0.6", "bright": "valence >= 0.55", "dark": "valence <= 0.45",
    "fast": "tempo >= 120", "slow": "tempo <= 100",
}  # fmt: skip
_SEED = {
    "track": "recording_id = $key",
    "artist": "artist_name IN (SELECT artist_name FROM artist_names WHERE artist_key = $key)",
    "album": "(album_name, artist_name) IN (SELECT (album_name, artist_name) FROM album_names WHERE album_key = $key)",
}
_SPREAD = ", ".join(f"greatest(stddev_pop({axis}), 0.000001) AS {axis}" for axis in _AXES)
_CENTRE = ", ".join(f"avg({axis}) AS {axis}" for axis in _AXES)
_SOUND = f"""
    WITH sounds AS (SELECT track_id, {", ".join(_AXES)} FROM track_features WHERE basis = 'measured'
            AND {" AND ".join(f"{axis} IS NOT NULL" for axis in _AXES)}),
        spread AS (SELECT {_SPREAD} FROM sounds),
        seeds AS (SELECT DISTINCT track_id, recording_id FROM kept_plays WHERE {{seed}}),
        centre AS (SELECT {_CENTRE} FROM sounds SEMI JOIN seeds USING (track_id))
    SELECT track_id, track_name AS name, t.artist_name AS artist, album_name, is_played, s.energy, s.valence, s.tempo,
        sqrt(({" + ".join(f"((s.{axis} - c.{axis}) / d.{axis}) ** 2" for axis in _AXES)}) / {len(_AXES)}) AS distance
    FROM sounds AS s JOIN tracks AS t USING (track_id), centre AS c, spread AS d
    WHERE track_id NOT IN (SELECT track_id FROM seeds WHERE track_id IS NOT NULL) AND c.energy IS NOT NULL {{wishes}}
    QUALIFY row_number() OVER (PARTITION BY t.artist_name ORDER BY distance, track_id) <= 2
    ORDER BY distance, track_id LIMIT $count
"""
_TOGETHER = """
    WITH ours AS (SELECT DISTINCT session_id FROM kept_plays WHERE {seed} AND is_counted
            AND session_id IS NOT NULL AND played_date > $since),
        beside AS (SELECT recording_id, count(DISTINCT session_id) AS together FROM kept_plays
            SEMI JOIN ours USING (session_id) WHERE is_counted AND NOT coalesce({seed}, false) GROUP BY 1)
    SELECT track_name AS name, artist_name AS artist, together, together / sqrt(play_count) AS tie
    FROM beside JOIN track_stats USING (recording_id) WHERE period_kind = 'all_time' AND together >= 3
    ORDER BY tie DESC, recording_id LIMIT 5
"""


def similar(desk: Desk) -> Told:
    """Tracks near an artist, a track or an album in sound, and what was played together with it."""
    item = desk.item("track", "artist", "album")
    if item is None:
        raise DeclinedError("Like what? Name an artist, a track or an album that you have played.")
    wished = [word for word in _WISHES if word in desk.slots.words]
    near = _near(desk, item, wished)
    together: list[Row] = []
    if not wished:  # of what stands in the same sessions nothing is known of how it sounds
        together = desk.rows(_TOGETHER.format(seed=_SEED[item.kind]), key=item.key, since=_year_ago(desk))
    rows = [
        {"name": row["name"], "artist": row["artist"], "distance": row["distance"], "why": _why(row)} for row in near
    ] + [
        {
            "name": row["name"],
            "artist": row["artist"],
            "distance": None,
            "why": f"in {row['together']} sessions with it in a year",
        }
        for row in together
    ]
    if not rows:
        raise DeclinedError(f"No measured features are known of {item.name}, so nothing can be said to sound like it.")
    named = ", ".join(f"{row['name']} by {row['artist']}" for row in rows[:3])
    wish = f"{' and '.join(wished)}, " if wished else ""
    told = f"Like {item.name}: {wish}{named}." if near else f"Played together with {item.name}: {named}."
    columns: tuple[Column, ...] = (
        Column("name", "Track"),
        Column("artist", "Artist"),
        Column("distance", "Distance in sound"),
    )
    columns += (Column("why", "Why"),)
    notes: tuple[str, ...] = ("By measured features: distance 0 is equal, 1 is as far as tracks usually vary.",)
    return Told(told, rows[0]["name"], "track", columns, tuple(rows), notes=notes, trust=0.95, is_ranged=False)


def _year_ago(desk: Desk) -> date:
    return desk.history.last - timedelta(days=365)


def _near(desk: Desk, item: Item, wished: list[str]) -> list[Row]:
    wishes = "".join(f" AND s.{_WISHES[word]}" for word in wished)
    sql = _SOUND.format(seed=_SEED[item.kind], wishes=wishes)
    return desk.rows(sql, key=item.key, count=desk.slots.count or 10)


def _why(row: Row) -> str:
    heard = "you know it" if row["is_played"] else "new to you"
    return f"energy {row['energy']:.2f}, valence {row['valence']:.2f}, {row['tempo']:.0f} BPM; {heard}"
