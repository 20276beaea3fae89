"""Checks of a built table against what its declaration promises."""
