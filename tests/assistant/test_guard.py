from __future__ import annotations

import pytest

from assistant.guard import SHOWN_ROWS, RefusedError, guarded


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE listening_with_features",
        "COPY (SELECT 1) TO '/tmp/x'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        'SELECT * FROM "/etc/passwd"',
        "ATTACH '/tmp/other.duckdb'",
        "PRAGMA database_list",
        "SET threads = 4",
        "INSTALL httpfs",
        "CALL pragma_version()",
        "EXPLAIN SELECT 1",
        "SHOW TABLES",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE listening_with_features",
        "WITH RECURSIVE a AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM a) SELECT * FROM a",
        "SELECT * FROM range(100000000000)",
        "SELECT unnest(range(1000000000))",
        "SELECT repeat('x', 1000000000)",
        "SELECT lpad('x', 1000000000, 'y')",
        "SELECT getenv('HOME')",
        "SELECT current_setting('memory_limit')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM sqlite_master",
        "SELECT * FROM store_facts",
        "SELECT * FROM main.artist_stats",
        "WITH a AS (SELECT * FROM store_facts), store_facts AS (SELECT 1) SELECT * FROM a",
        "SELECT * FROM store_facts, (WITH store_facts AS (SELECT 1) SELECT * FROM store_facts)",
        "SELECT * FROM artist_stats, LATERAL (SELECT * FROM read_text('/etc/passwd'))",
        "SELECT $secret",
        "SELECT list(track_name) FROM kept_plays",
        "CREATE TABLE x AS SELECT 1",
        "INSERT INTO artist_stats SELECT * FROM artist_stats",
        "SELECT * FROM (DELETE FROM artist_stats RETURNING *)",
        "SELECT " + "(" * 3000 + "1" + ")" * 3000,
        "SELECT '" + "x" * 20_000 + "'",
        "I cannot do that.",
        "",
    ],
)
def test_what_is_not_one_harmless_select_is_refused(sql):
    with pytest.raises(RefusedError):
        guarded(sql)


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        (
            "SELECT artist_name, count(*) FROM kept_plays WHERE is_counted GROUP BY 1 ORDER BY 2 DESC LIMIT 5",
            ("kept_plays",),
        ),
        (
            "WITH m AS (SELECT date_trunc('month', played_date) AS d, sum(listened_ms) AS t FROM kept_plays GROUP BY 1)"
            " "
            "SELECT d, t, rank() OVER (ORDER BY t DESC) FROM m",
            ("kept_plays",),
        ),
        (
            "SELECT a.artist_name FROM artist_stats AS a JOIN genre_stats AS g ON a.period_kind = g.period_kind "
            "WHERE a.artist_name ILIKE '%x%' UNION ALL SELECT 'drop table'",
            ("artist_stats", "genre_stats"),
        ),
        (
            "SELECT strftime(played_date, '%Y'), dayname(played_date), year(played_date) FROM kept_plays -- a comment",
            ("kept_plays",),
        ),
    ],
)
def test_a_plain_query_may_run_and_gets_a_limit(made_store, sql, tables):
    checked = guarded(sql)
    assert checked.tables == tables
    assert "--" not in checked.sql
    assert 0 < len(made_store.ask(checked.sql).rows) <= SHOWN_ROWS
    assert "LIMIT" in checked.sql


def test_a_limit_that_is_too_large_is_lowered_and_a_small_one_stays(made_store):
    assert guarded("SELECT play_id FROM kept_plays LIMIT 100000").sql.endswith(f"LIMIT {SHOWN_ROWS}")
    assert guarded("SELECT play_id FROM kept_plays LIMIT 7").sql.endswith("LIMIT 7")
    assert len(made_store.ask(guarded("SELECT play_id FROM kept_plays").sql).rows) == SHOWN_ROWS
