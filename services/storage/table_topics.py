"""Registers the tables of every topic with the one metadata: a new module of tables gets a line here."""

from services.storage import (  # noqa: F401
    blast_event_tables,
    blast_state_tables,
    blast_tables,
    case_tables,
    cause_tables,
    citizen_tables,
    evidence_tables,
    handling_tables,
    identity_tables,
    notice_tables,
    water_intake_tables,
)
