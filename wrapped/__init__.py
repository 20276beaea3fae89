"""Wrapped: what a listener played in a year, a month, a week or a range, as data, as a page and as pictures."""
