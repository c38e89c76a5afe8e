"""Pits, receptors, declared blasts with everything that was done to them, and the laws fitted to a site.

The enterprise of a blast is the `organisation` that the registry has: no second table of the same people.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import JSONB

from services.storage.registry_tables import metadata, moment

pit = Table(  # an open pit where blasts are fired; `place` has the same code for the map
    "pit", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("organisation_id", Integer, ForeignKey("organisation.id"), nullable=False),
    Column("outline", JSONB, nullable=False),  # GeoJSON Polygon, WGS 84 lon lat
    Column("longitude", Double, nullable=False),  # centre of the outline
    Column("latitude", Double, nullable=False),
    Column("demo", Boolean, nullable=False, server_default=text("false")),
    Column("properties", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
)  # fmt: skip

receptor = Table(  # what a blast may hurt
    "receptor", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),  # settlement | school | hospital | building | pipeline
    Column("class", Text, nullable=False),  # of the limits: uskat.blast.norm.curve.Receptor
    Column("geometry", JSONB, nullable=False),  # GeoJSON Point, LineString or Polygon, WGS 84 lon lat
    Column("longitude", Double, nullable=False),  # a point of it, for lists and maps
    Column("latitude", Double, nullable=False),
    Column("demo", Boolean, nullable=False, server_default=text("false")),
    Column("properties", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
)  # fmt: skip

blast = Table(  # a declared blast as it stands; what led there is in blast_revision
    "blast", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("organisation_id", Integer, ForeignKey("organisation.id"), nullable=False),
    Column("pit_id", Integer, ForeignKey("pit.id"), nullable=False),
    Column("code", Text, nullable=False),  # blast_id of the passport, once an enterprise
    Column("status", Text, nullable=False),  # planned | published | postponed | cancelled | fired | reported
    Column("version", Integer, nullable=False),  # number of the newest revision; whoever changes must name it
    Column("passport", JSONB, nullable=False),
    moment("planned_from"),
    moment("planned_to"),
    moment("published_at", nullable=True),  # when the window that holds now was told to the public
    moment("fired_at", nullable=True),
    moment("reported_at", nullable=True),  # first report
    Column("longitude", Double, nullable=False),  # centre of the block
    Column("latitude", Double, nullable=False),
    Column("total_charge_kg", Double, nullable=False),  # as reported, before the report as planned
    Column("max_charge_per_delay_kg", Double, nullable=False),
    moment("declared_at"),
    moment("updated_at"),
    UniqueConstraint("organisation_id", "code"),
    Index("ix_blast_planned", "planned_from"),
    Index("ix_blast_fired", "fired_at"),
    Index("ix_blast_pit", "pit_id", "planned_from"),
)  # fmt: skip

blast_revision = Table(  # one step of a blast: append-only, never changed
    "blast_revision", metadata,
    Column("blast_id", Integer, ForeignKey("blast.id"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),  # from 1
    moment("at"),
    Column("by", Text, nullable=False),
    Column("action", Text, nullable=False),  # declare | amend | publish | postpone | cancel | fire | report
    Column("before", Text),
    Column("after", Text, nullable=False),
    Column("reason", Text),  # of a postponement: nmu | wind | fog | technical
    Column("note", Text),
    moment("fired_at", nullable=True),
    Column("irregular", Text),  # unpublished | while_postponed
    Column("fields", JSONB, nullable=False),  # [{path, before, after}]
    Column("passport", JSONB),  # whole, when the step changed it
)  # fmt: skip

blast_report = Table(  # a report as filed; a corrected one is another row
    "blast_report", metadata,
    Column("blast_id", Integer, ForeignKey("blast.id"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),  # the revision that filed it
    Column("report", JSONB, nullable=False),
    Column("discrepancies", JSONB, nullable=False),  # what did not fit when it was filed
    moment("fired_at"),
    moment("filed_at"),
    Column("misfired_holes", SmallInteger, nullable=False),
    Column("fume_level", SmallInteger),  # 0–5; null: not observed
)  # fmt: skip

site_law = Table(  # attenuation of a site, fitted from its records; newest version speaks, older ones stay
    "site_law", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("pit_id", Integer, ForeignKey("pit.id"), nullable=False),
    Column("version", Integer, nullable=False),
    moment("fitted_at"),
    Column("usable", Boolean, nullable=False),  # false: the records do not carry a law; the fit says why
    Column("n", Integer, nullable=False),
    Column("fit", JSONB, nullable=False),  # SiteFit: the law, what else was tried, outliers
    Column("records", JSONB, nullable=False),  # what it was fitted to, so that it can be fitted again
    UniqueConstraint("pit_id", "version"),
)  # fmt: skip
