"""Invent audio features for every played track (scope all). They are synthetic: never measured."""

from __future__ import annotations

from ingestion.cycle import add_features_of_scope

if __name__ == "__main__":
    add_features_of_scope("all")
