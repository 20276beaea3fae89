"""The five kinds of analytics: what each asks, in a sentence. A gold table's declaration says which it answers."""

from __future__ import annotations

KINDS = {
    "descriptive": "What happened? Counts, times and patterns of what was heard.",
    "diagnostic": "Why did it happen? What changed against your own past, what goes together, and how sure that is.",
    "predictive": "What will happen? Forecasts with intervals, each measured against simple baselines.",
    "prescriptive": "What could you do? Tracks and playlists to choose from, each with its reason.",
    "cognitive": (
        "What would you like to know? Questions in plain words, answered from the tables of the other kinds. "
        "It has no table of its own: it is the command `ask` of a later release."
    ),
}
