"""Backups: what a database holds at one point, counted and hashed, so that a restored one can be compared."""
