"""What a play was played on and from: kinds that are read out of what the sources deliver."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from transformations.cases import case

UNKNOWN = "unknown"
OTHER = "other"

# Kind: words of which one stands in the name of the platform (its other signs count as blanks; a word may go on, unless
# a blank ends it). The first kind that fits is taken: a browser names its system too, and so does a television.
DEVICE_KINDS: dict[str, tuple[str, ...]] = {
    "web": ("web player", "webplayer", "browser"),
    "car": ("car ", "carplay", "android auto", "automotive", "tesla", "carthing", "bmw ", "ford "),
    "tv": (
        "tv ", "androidtv", "appletv", "cast tv", "tizen", "webos", "web os", "roku", "aft", "chromecast",
        "playstation", "ps3 ", "ps4 ", "ps5 ", "xbox", "bravia",
    ),
    "speaker": (
        "speaker", "sonos", "alexa", "echo ", "google home", "home mini", "nest", "homepod", "cast audio", "bose",
        "denon", "heos", "yamaha", "harman", "bluesound", "onkyo", "marantz", "libratone", "soundbar", "squeezebox",
        "linkplay", "devialet", "avr ",
    ),
    "tablet": ("ipad", "tablet", "galaxy tab", "sm t", "kindle"),
    "phone": ("ios", "iphone", "ipod", "android", "windows phone", "blackberry", "symbian"),
    "computer": ("windows", "os x", "osx", "macos", "mac os", "macintosh", "linux", "cros ", "chrome os", "chromeos"),
}  # fmt: skip

# What a context is by a part of its address; the first that fits is taken (a playlist stands behind its owner).
CONTEXT_KINDS = (
    ("playlist", ":playlist:"),
    ("album", ":album:"),
    ("artist", ":artist:"),
    ("collection", ":collection"),
)


def device_kind(platform: Column) -> Column:
    """phone, computer, tablet, speaker, tv, car or web by the words of a platform; other, or unknown without one."""
    words = F.regexp_replace(F.lower(platform), "[^a-z0-9]+", " ")
    plain = F.concat(F.lit(" "), F.trim(words), F.lit(" "))
    kinds = (
        (reduce(lambda one, other: one | other, (plain.contains(f" {word}") for word in beginnings)), name)
        for name, beginnings in DEVICE_KINDS.items()
    )
    is_known = F.coalesce(F.trim(platform) != "", F.lit(False))
    return case([(~is_known, UNKNOWN), *kinds], OTHER)


def context_kind(context_uri: Column) -> Column:
    """playlist, album, artist or collection that a play was played from; other, or unknown where none is known."""
    kinds = ((context_uri.contains(part), name) for name, part in CONTEXT_KINDS)
    return case([(context_uri.isNull(), UNKNOWN), *kinds], OTHER)


def shuffle_bucket() -> Column:
    """on, off, or unknown."""
    return F.when(F.col("is_shuffle"), "on").when(~F.col("is_shuffle"), "off").otherwise(UNKNOWN)
