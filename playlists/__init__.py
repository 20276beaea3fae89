"""Playlists: choosing and ordering tracks, writing them as files, making them on Spotify, and caring for them."""
