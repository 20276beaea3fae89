"""Fetch, once, the JARs that give Apache Spark its Delta format."""

from __future__ import annotations

from engine.session import fetch_delta_jars

if __name__ == "__main__":
    for jar in fetch_delta_jars():
        print(jar)
