"""Reads the lake without an engine: delta-rs for the versions, DuckDB for the queries."""
