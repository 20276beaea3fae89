"""The unit of a column, from its name, type and comment: one written rule, so that no column needs a field for it."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.declaration import Column

_WHOLE = ("INT", "BIGINT")


@dataclass(frozen=True)
class _Rule:
    """A unit, and what a column must have of each that is given: a type, an ending, a beginning or phrase of words."""

    unit: str
    types: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    begins: tuple[str, ...] = ()
    says: tuple[str, ...] = ()

    def fits(self, column: Column) -> bool:
        """Whether the column has one of each."""
        comment = column.comment.lower()
        return (
            (not self.types or column.type in self.types)
            and (not self.endings or column.name.endswith(self.endings))
            and (not self.begins or comment.startswith(self.begins))
            and (not self.says or any(phrase in comment for phrase in self.says))
        )


# The first that fits counts.
_RULES = (
    _Rule("UTC timestamp", types=("TIMESTAMP",)),
    _Rule("UTC day", types=("DATE",), says=("utc",)),
    _Rule("local day", types=("DATE",)),
    _Rule("UTC month, yyyy-MM", types=("STRING",), says=("yyyy-mm;",)),
    _Rule("", types=("STRING", "BOOLEAN")),
    _Rule("ms", endings=("_ms",)),
    _Rule("ms", says=("in milliseconds",)),
    _Rule("share, 0-1", endings=("_share",)),
    _Rule("count", endings=("_count", "_rows", "_tracks")),
    _Rule("count", types=_WHOLE, begins=("number of ", "different ")),
    _Rule("place, from 1", types=_WHOLE, begins=("place ",)),
    _Rule("minutes", endings=("_minutes",)),
    _Rule("s", endings=("_seconds", "_s")),
    _Rule("hours", endings=("_hours",)),
    _Rule("hours", types=("DOUBLE",), says=("in hours",)),
    _Rule("days", endings=("_days",)),
    _Rule("bytes", endings=("_bytes",)),
    _Rule("BPM", says=("beats per minute", "bpm")),
    _Rule("dB", says=(" db ", " db,", "in db")),
    _Rule("day of the week, 1-7", says=("1 monday to 7 sunday",)),
    _Rule("hour, 0-23", says=(", 0-23",)),
    _Rule("0-100", says=("0-100",)),
    _Rule("share, 0-1", types=("DOUBLE",), begins=("share of ",), says=("0-1",)),
    _Rule("-1 to 1", types=("DOUBLE",), says=("-1 to 1",)),
    _Rule("0-1", types=("DOUBLE",), says=(" 0-1",)),
    _Rule("standard deviations", says=("standardised unit",)),
    _Rule("year", types=_WHOLE, begins=("year ",)),
)


def unit_of(column: Column) -> str:
    """The unit of a column; empty for text, and where the comment alone says what a number is."""
    return next((rule.unit for rule in _RULES if rule.fits(column)), "")
