"""Numbered SQL files, append-only: a released file never changes, a new one is added."""
