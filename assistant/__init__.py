"""Questions in plain words about one listener's own plays; no engine, and nothing said that the tables do not say."""
