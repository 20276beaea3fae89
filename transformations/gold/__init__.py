"""Answers: statistics, moods and indicators that pages and people read."""
