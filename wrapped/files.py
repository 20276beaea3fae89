"""A report as files: the page, the cards in both sizes, and what the cards show in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wrapped import words
from wrapped.cards import pictures
from wrapped.page import page

if TYPE_CHECKING:
    from wrapped.archive import Report

PAGE, CARDS, DATA, ALT_TEXTS = "index.html", "cards", "data.json", "cards.txt"


def write_files(report: Report, folder: Path) -> list[Path]:
    """Write index.html, data.json, cards/*.png and cards.txt into the folder; gives the files. Others stay."""
    data = report.data
    cards = folder / CARDS
    cards.mkdir(parents=True, exist_ok=True)
    for old in cards.glob("*.png"):
        old.unlink()
    written = [folder / PAGE, folder / DATA]
    written[0].write_text(page(data, told_of(report)), encoding="utf-8")
    written[1].write_text(report.text, encoding="utf-8")
    alt_texts = {}
    for picture in pictures(data):
        path = cards / picture.file_name
        path.write_bytes(picture.png)
        alt_texts[path.name] = picture.alt
        written.append(path)
    listed = "\n".join(f"{name}\n  {alt}\n" for name, alt in alt_texts.items())
    (cards / ALT_TEXTS).write_text(
        f"What each card shows, to be written beside it where it is shared.\n\n{listed}", encoding="utf-8"
    )
    return [*written, cards / ALT_TEXTS]


def told_of(report: Report) -> dict[str, str]:
    """What the page says of the making of a report, label by label."""
    facts = report.made_from
    imports = [f"{source}: {words.counted(found['new_count'], 'row')}" for source, found in facts["imports"].items()]
    return {
        "Report": report.report_id,
        "Made": f"{report.made_at:%Y-%m-%d %H:%M} UTC",
        "Lakesong": report.code_version,
        "Lake built": f"{facts['released_at'] or ''}, for {facts['as_of']}",
        "Imports and collections": "; ".join(imports) or "none",
        "Plays left out by": ", ".join(facts["exclusions"]) or "no rule",
        "Rules about editions": str(len(facts["recording_rules"])),
        "Time zone": ", ".join(sorted({zone or facts["settings"]["timezone"] for zone in facts["zones"].values()})),
        "Table versions": ", ".join(f"{name} {version}" for name, version in sorted(report.table_versions.items())),
    }
