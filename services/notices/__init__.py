"""Notices: whom the norms of reaction name hears of what happened, over their channel, at least once.

deciding (outbox to messages) → queue (procrastinate) → delivery → wording → channels (apprise). ADR 0013.
"""
