"""Texts as numbers: by the definition, and in files that hold one text only."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pyspark.sql import functions as F

from transformations.numbering import number_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def defined(text: str | None) -> int | None:
    """The first 60 bits of the MD5."""
    return None if text is None else int(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:15], 16)


@pytest.mark.parametrize("texts", [["a", "b", "", "東京", None], ["a", "a", "a"], [None, None, None], [""]])
def test_a_number_is_the_first_bits_of_the_md5(texts: list[str | None], spark: SparkSession, tmp_path: Path) -> None:
    places = pa.array(range(len(texts)))
    write_deltalake(str(tmp_path / "t"), pa.table({"place": places, "text": pa.array(texts, pa.string())}))
    read = spark.read.format("delta").load(str(tmp_path / "t"))
    found = read.select("place", number_of(F.col("text")).alias("number")).orderBy("place").collect()
    assert [row["number"] for row in found] == [defined(text) for text in texts]
