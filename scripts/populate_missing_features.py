"""Invent audio features for played tracks with neither measured nor catalogue ones (scope missing)."""

from __future__ import annotations

from ingestion.cycle import add_features_of_scope

if __name__ == "__main__":
    add_features_of_scope("missing")
