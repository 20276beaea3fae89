"""What to suggest to a listener: candidates from several sources, one score, and whether it beats simple lists.

`rules` holds every number that was chosen, `candidates` asks all sources, `merging` makes the list, `evaluation`
compares it with the baselines, `outcomes` says what became of suggestions.
"""
