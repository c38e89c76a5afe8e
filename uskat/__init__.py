"""Uskat: the domain. Pure values in, pure values out; no socket, database, clock or environment."""
