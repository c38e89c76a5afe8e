"""Alembic migrations: one file a change; `HEAD` names the newest, so that two branches conflict in git."""
