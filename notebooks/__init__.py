"""Notebooks on one listener's music: marimo apps, and what they share."""
