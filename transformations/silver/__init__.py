"""Cleaned and joined tables: one row means one real thing."""
