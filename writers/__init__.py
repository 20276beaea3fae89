"""The only code that changes tables: creation, merges, replacements and records."""
