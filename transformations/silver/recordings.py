"""Silver: recordings."""

from __future__ import annotations

from functools import reduce

import pandas as pd
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from models.recordings import ALONE, ISRC, NAME_AND_LENGTH, RULE, group_editions
from schemas.declaration import table
from transformations.ranking import first_of_each
from transformations.silver.tracks import normalised

LENGTH_TOLERANCE_MS = 2_000

# Endings of a (lower-case) title that name another issue of the same recording: " - Remastered 2011", " (2009 Digital
# Remaster)", " - 50th Anniversary Edition". Live versions, radio edits, mono and other mixes are other recordings,
# and an ending with any other word stays. No look-around: Sail's regular expressions have none.
_BEFORE = "(?:(?:[0-9]{4}|[0-9]+(?:st|nd|rd|th)|digital|digitally) )*"
_AFTER = "(?: (?:[0-9]{4}|remaster|remastered|edition|version))*"
_ISSUE = f"{_BEFORE}(?:remaster|remastered|anniversary){_AFTER}"
ISSUE_ENDING = rf"(?: [-–/] {_ISSUE}| [(\[]{_ISSUE}[)\]])+$"


@table(
    layer="silver",
    schema="""
        track_id   STRING NOT NULL COMMENT 'Spotify id of the track',
        edition_of STRING NOT NULL COMMENT 'Smallest track id among the editions of the recording',
        evidence   STRING NOT NULL COMMENT 'isrc, name_and_length, rule or alone: why the track is in its group'
    """,
    primary_key=("track_id",),
    constraints={"known_evidence": "evidence IN ('isrc', 'name_and_length', 'rule', 'alone')"},
)
def recordings(tracks: DataFrame, recording_rules: DataFrame) -> DataFrame:
    """Which tracks are editions of one recording: of equal ISRC, or of one title, artist and length, or by a rule.

    Titles are compared without wording of remasters and anniversaries; lengths that follow one another by at most two
    seconds are one. A rule merges two groups, or takes a track out of what codes and names say.
    """
    rules = _holding(recording_rules)
    split = rules.where(F.col("rule") == "split").select("track_id").distinct()
    joined = tracks.join(split, on="track_id", how="left_anti")
    links = [
        _links(tracks, F.col("track_id"), ALONE),
        _links(tracks.join(split, on="track_id", how="left_semi"), F.col("track_id"), RULE),
        _links(rules.where(F.col("rule") == "merge"), F.col("other_track_id"), RULE),
        _of_equal_isrc(joined),
        _of_equal_name_and_length(joined),
    ]
    # One group: the tracks of a lake are few beside its plays, and any two of them may be linked.
    grouped = reduce(DataFrame.unionByName, links).groupBy().applyInPandas(_group, recordings.ddl)
    return grouped.select(*recordings.column_names)


def _group(links: pd.DataFrame) -> pd.DataFrame:
    return group_editions(links)


def _holding(rules: DataFrame) -> DataFrame:
    """The rules that hold: of each pair of tracks, either way round, the newest, unless it was taken back."""
    pair = {"one": F.least("track_id", "other_track_id"), "other": F.greatest("track_id", "other_track_id")}
    between = rules.where(F.col("track_id") != F.col("other_track_id")).withColumns(pair)
    newest = (F.col("recorded_at").desc(), "rule", "track_id", "is_active")
    return first_of_each(between, ["one", "other"], *newest).where("is_active")


def _of_equal_isrc(tracks: DataFrame) -> DataFrame:
    """Each track and the smallest id of its ISRC, where that is another track."""
    coded = tracks.where(F.col("isrc").isNotNull())
    smallest = F.min("track_id").over(Window.partitionBy("isrc"))
    return _links(coded.withColumn("smallest", smallest), F.nullif(F.col("smallest"), F.col("track_id")), ISRC)


def _of_equal_name_and_length(tracks: DataFrame) -> DataFrame:
    """Each track and the next shorter one of its title and artist, where at most two seconds lie between them."""
    named = tracks.where(
        F.col("track_name").isNotNull() & F.col("artist_name").isNotNull() & (F.col("duration_ms") > 0)
    )
    keyed = named.withColumns(
        {"title": title_of_recording(F.col("track_name")), "artist": normalised(F.col("artist_name"))}
    )
    by_length = Window.partitionBy("title", "artist").orderBy("duration_ms", "track_id")
    difference = F.col("duration_ms") - F.lag("duration_ms").over(by_length)
    other = F.when(difference <= LENGTH_TOLERANCE_MS, F.lag("track_id").over(by_length))
    return _links(keyed, other, NAME_AND_LENGTH)


def _links(rows: DataFrame, other: Column, evidence: str) -> DataFrame:
    """Links between track_id and another, without those to nothing."""
    links = rows.select("track_id", other.alias("other_track_id"), F.lit(evidence).alias("evidence"))
    return links.where(F.col("other_track_id").isNotNull())


def title_of_recording(title: Column) -> Column:
    """The title in lower case, without the endings that only name another issue of the same recording."""
    return F.regexp_replace(normalised(title), ISSUE_ENDING, "")
