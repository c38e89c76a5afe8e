"""Where the river is drawn from: a versioned list of intakes."""

from sqlalchemy import Boolean, Column, Date, Double, Identity, Index, Integer, Table, Text

from services.storage.registry_tables import metadata, moment

water_intake = Table(  # водозабор; append-only, the newest row of a code speaks
    "water_intake", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("river", Text, nullable=False),  # code; no foreign key, so that lists may be loaded in any order
    Column("km", Double, nullable=False),  # from the mouth of the river
    Column("use", Text, nullable=False),  # drinking | irrigation | technical
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),  # the last day; null: to this day
    Column("source", Text, nullable=False),
    Column("demo", Boolean, nullable=False),  # invented
    Column("entered_by", Text, nullable=False),
    moment("entered_at", now=True),
    Index("ix_water_intake_code", "code", "id"),
)  # fmt: skip
