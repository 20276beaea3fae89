"""`lakesong import-catalog`: the Kaggle tracks file, or a file of artists, into bronze, every row accounted for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from clients.artist_file import content_of, read_artists
from clients.kaggle_csv import check_catalogue, read_catalogue
from ingestion.importing import Import, run_import
from ingestion.receipts import Receipt
from ingestion.staging import StagedFile
from mappers import kaggle_tracks
from mappers.catalogue import ARTIST, allowed_json, artist_row
from mappers.record import payload_of
from schemas.bronze import artists_bronze, ingestion_runs_bronze, kaggle_tracks_bronze
from schemas.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

KAGGLE_FILE = "kaggle/dataset.csv"  # within the lake's folder


def import_catalogue(
    spark: SparkSession, lake: Lake, path: Path, progress: Callable[[str], None] = lambda line: None
) -> Receipt:
    """Take in a catalogue: of tracks (CSV), one row a track and genre, or of artists (JSON), one row an artist.

    Of repeats the first in the file is kept. Rows that cannot be used go to the dead letters with their reason.
    Raises InputError when the file is missing, lacks columns, or the disk has no room.
    """
    if path.suffix.lower() == ".json":
        return _import_artists(spark, lake, path, progress)
    batch_id = check_catalogue(path)[:16]
    file = StagedFile(
        path.name,
        kaggle_tracks.SOURCE,
        path.stat().st_size,
        partial(read_catalogue, path),
        kaggle_tracks.to_bronze,
        lambda item: payload_of(item, kaggle_tracks.ALLOWED),
    )
    job = Import(kaggle_tracks_bronze, [file], batch_id, kaggle_tracks_bronze.primary_key, order=("row_index",))
    return run_import(spark, lake, job, progress)


def _import_artists(spark: SparkSession, lake: Lake, path: Path, progress: Callable[[str], None]) -> Receipt:
    file = StagedFile(
        path.name,
        "artist_file",
        path.stat().st_size if path.is_file() else 0,
        partial(read_artists, path),
        partial(artist_row, provider="file"),
        lambda item: allowed_json(item, ARTIST) if isinstance(item, dict) else "{}",
    )
    job = Import(artists_bronze, [file], content_of(path)[:16], artists_bronze.primary_key)
    return run_import(spark, lake, job, progress)


def is_taken_in(lake: Lake, path: Path) -> bool:
    """Whether this very file, by its content, was taken in before."""
    if not lake.has(ingestion_runs_bronze):
        return False
    batch_id = check_catalogue(path)[:16]
    runs = lake.open(ingestion_runs_bronze).to_pyarrow_table(columns=["batch_id", "status"]).to_pylist()
    return {"batch_id": batch_id, "status": "done"} in runs
