"""What was chosen for recommendations: sources, weights, limits. Fixed: no listener's plays move them."""

from __future__ import annotations

# A fit reads the history up to its own last day: `now` all of it, `held_out` all but the last BLOCK_DAYS.
NOW, HELD_OUT = "now", "held_out"
FITS = {NOW: 0, HELD_OUT: 1}  # blocks of days that the fit does not read

BLOCK_DAYS = 30  # what was played within so many days is not suggested
BLOCKS = 13  # of which the sessions are read; what was played before is in block number BLOCKS
SEED_BLOCKS = 3  # what is played "at present" reaches so many blocks back,
SEED_HALF_LIFE_DAYS = 15  # and a play counts half as much after so many days

TOGETHER, SOUND, FORGOTTEN = "together", "sound", "forgotten"
ALBUM, LISTENERS, DISCOVERY = "album", "listeners", "discovery"
POPULARITY, RECENCY = "own_popularity", "own_recency"

# Source: its weight in the model. Chosen on simulated listeners other than those of the tests (seeds 100 to 113): no
# choice was best on all kinds, and this one was poor on none.
WEIGHTS = {TOGETHER: 1.0, FORGOTTEN: 0.7, POPULARITY: 0.5, SOUND: 0.3, LISTENERS: 0.5, ALBUM: 0.4, DISCOVERY: 0.3}
BASELINES = (POPULARITY, RECENCY)
SOURCES = (*WEIGHTS, RECENCY)
MODEL = "model"

# Part of a score: weight * (RANK_OFFSET + 1) / (RANK_OFFSET + rank), the reciprocal rank fusion of Cormack, Clarke and
# Büttcher (SIGIR 2009), scaled so that the first of a source gets its whole weight. Sources need no common scale. Half
# of their offset: the first of a source count for more, and one long source crowds out less.
RANK_OFFSET = 30

SOURCE_LIMIT = 150  # candidates that a source names
LIST_LENGTH = 50
NEW_PLACES = 10  # of the list, for what is new to the listener, where there is as much
PER_ARTIST = 2
TOP = 20  # of the list: what is measured, and kept as suggested

LEAST_FORGOTTEN_PLAYS, FORGOTTEN_DAYS = 5, 90
LEAST_LIKED_PLAYS, LEAST_LIKED_TRACKS = 3, 3
REFUSING_SKIPS = 2  # within BLOCK_DAYS
EXCLUDED_PART = 0.5  # of a recording's or an artist's starts, by the listener's rules: then it is never suggested

# What became of suggestions.
OUTCOME_DAYS = 14  # without a play: ignored
BLOCKED_DAYS = 60  # for which what was skipped or ignored is not suggested again
PRIOR_OUTCOMES = 20.0  # a source's rate of success is drawn to that of all as if it had so many more
LEAST_FACTOR, MOST_FACTOR = 0.5, 1.5
