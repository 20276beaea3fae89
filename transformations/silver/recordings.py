"""Silver: recordings."""

from __future__ import annotations

from functools import reduce

import pandas as pd
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from models.recordings import ALONE, ISRC, NAME, NAME_AND_LENGTH, RULE, group_editions
from schemas.columns import RECORDING_ID
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
    schema=f"""
        track_id   STRING NOT NULL COMMENT 'Spotify id of the track',
        {RECORDING_ID},
        evidence   STRING NOT NULL COMMENT 'isrc, name_and_length, name, rule or alone: why the track is in its group'
    """,
    primary_key=("track_id",),
    constraints={"of_known_evidence": "evidence IN ('isrc', 'name_and_length', 'name', 'rule', 'alone')"},
)
def recordings(tracks: DataFrame, recording_rules: DataFrame) -> DataFrame:
    """Which tracks are editions of one recording: of equal ISRC, or of one title, artist and length, or by a rule.

    Titles are compared without wording of remasters and anniversaries; lengths that follow one another by at most two
    seconds are one. A track of unknown length goes with the smallest id of its title and artist, since an export alone
    gives no lengths. A rule merges two groups, or takes a track out of what codes and names say.
    """
    rules = _holding(recording_rules)
    split = rules.where(F.col("rule") == "split").select("track_id").distinct()
    joined = tracks.join(split, on="track_id", how="left_anti")
    links = [
        _links(tracks, F.col("track_id"), ALONE),
        _links(tracks.join(split, on="track_id", how="left_semi"), F.col("track_id"), RULE),
        _links(rules.where(F.col("rule") == "merge"), F.col("other_track_id"), RULE),
        _of_equal_isrc(joined),
        _of_equal_name_and_length(_with_names(joined)),
        _of_equal_name(_with_names(joined)),
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


def _with_names(tracks: DataFrame) -> DataFrame:
    """The tracks whose title and artist are known, with both as they are compared."""
    named = tracks.where(F.col("track_name").isNotNull() & F.col("artist_name").isNotNull())
    return named.withColumns(
        {
            "title": title_of_recording(F.col("track_name")),
            "artist": normalised(F.col("artist_name")),
            "has_length": F.coalesce(F.col("duration_ms") > 0, F.lit(False)),
        }
    )


def _of_equal_name_and_length(named: DataFrame) -> DataFrame:
    """Each track and the next shorter one of its title and artist, where at most two seconds lie between them."""
    by_length = Window.partitionBy("title", "artist").orderBy("duration_ms", "track_id")
    difference = F.col("duration_ms") - F.lag("duration_ms").over(by_length)
    other = F.when(difference <= LENGTH_TOLERANCE_MS, F.lag("track_id").over(by_length))
    return _links(named.where("has_length"), other, NAME_AND_LENGTH)


def _of_equal_name(named: DataFrame) -> DataFrame:
    """Each track of unknown length and the smallest id of its title and artist: of known length, where there is one."""
    group = Window.partitionBy("title", "artist")
    known = F.min(F.when(F.col("has_length"), F.col("track_id"))).over(group)
    smallest = F.coalesce(known, F.min("track_id").over(group))
    linked = named.withColumn("smallest", smallest).where(~F.col("has_length"))
    return _links(linked, F.nullif(F.col("smallest"), F.col("track_id")), NAME)


def _links(rows: DataFrame, other: Column, evidence: str) -> DataFrame:
    """Links between track_id and another, without those to nothing."""
    links = rows.select("track_id", other.alias("other_track_id"), F.lit(evidence).alias("evidence"))
    return links.where(F.col("other_track_id").isNotNull())


def title_of_recording(title: Column) -> Column:
    """The title in lower case, without the endings that only name another issue of the same recording."""
    return F.regexp_replace(normalised(title), ISSUE_ENDING, "")
