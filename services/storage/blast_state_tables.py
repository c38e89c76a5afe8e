"""What the state knows around blasts: warnings, weather, rules of pits, explosives, clouds, the regional catalogue.

Everything a person or a feed says is appended with who said it and when; nothing said before is written over. Where
several rows speak of the same thing, the newest entry speaks.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.storage.registry_tables import metadata, moment

nmu_warning = Table(  # a warning of adverse weather for dispersion (НМУ) of one zone, half-open in time
    "nmu_warning", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("zone", Text, nullable=False),
    Column("degree", SmallInteger, nullable=False),  # 1–3
    moment("valid_from"),
    moment("valid_to"),
    moment("issued_at"),
    Column("source", Text, nullable=False),
    moment("withdrawn_at", nullable=True),  # it was called off then
    Column("withdrawn_by", Text),
    Column("entered_by", Text, nullable=False),
    moment("entered_at", now=True),
    UniqueConstraint("zone", "degree", "valid_from", "valid_to", "issued_at"),
    Index("ix_nmu_warning_valid", "valid_from", "valid_to"),
)  # fmt: skip

weather_hour = Table(  # what a feed said of an hour at a pit; said again otherwise: another row
    "weather_hour", metadata,
    Column("pit_id", Integer, ForeignKey("pit.id"), primary_key=True, autoincrement=False),
    Column("at", moment("at").type, primary_key=True),
    Column("received_at", moment("received_at").type, primary_key=True),
    Column("source", Text, nullable=False),
    Column("wind_from_deg", Double),  # where it comes from
    Column("wind_speed_m_s", Double),
    Column("temperature_c", Double),
    Column("visibility_m", Double),
    Column("inversion", Boolean),  # null: not told
)  # fmt: skip

pit_rule = Table(  # what a permit or project sets for a pit: hours, wind, visibility, zones of warnings; newest speaks
    "pit_rule", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("pit_id", Integer, ForeignKey("pit.id"), nullable=False),
    Column("zones", ARRAY(Text), nullable=False),  # of НМУ warnings
    Column("rule", JSONB, nullable=False),  # uskat.blast.restriction.rules.LocalRule
    Column("entered_by", Text, nullable=False),
    moment("entered_at", now=True),
    Index("ix_pit_rule_pit", "pit_id"),
)  # fmt: skip

explosive_product = Table(  # the agency's own entry of the register of explosives; newest version speaks
    "explosive_product", metadata,
    Column("code", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("body", JSONB, nullable=False),  # uskat.blast.explosive.register.Product
    Column("entered_by", Text, nullable=False),
    moment("entered_at", now=True),
)  # fmt: skip

explosive_permit = Table(  # permission to use a product, half-open local dates
    "explosive_permit", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("number", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("organisation_id", Integer, ForeignKey("organisation.id")),  # null: everybody's
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("entered_by", Text, nullable=False),
    moment("entered_at", now=True),
)  # fmt: skip

explosive_acceptance = Table(  # a measurement of explosives on delivery or at loading, outside of a report
    "explosive_acceptance", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("organisation_id", Integer, ForeignKey("organisation.id"), nullable=False),
    Column("product", Text, nullable=False),
    Column("batch", Text),
    moment("measured_at"),
    Column("density_g_cm3", Double),
    Column("vod_m_s", Double),
    Column("laboratory", Text),
    Column("entered_by", Text, nullable=False),
    moment("entered_at", now=True),
    Index("ix_explosive_acceptance_product", "product", "measured_at"),
)  # fmt: skip

photograph = Table(  # a picture without its metadata, by the SHA-256 of what is kept
    "photograph", metadata,
    Column("sha256", Text, primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("width_px", Integer, nullable=False),
    Column("height_px", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("entered_by", Text, nullable=False),
    moment("entered_at", now=True),
    Column("organisation", Text, server_default=text("nullif(current_setting('uskat.organisation', true), '')")),
)  # fmt: skip

fume_rating = Table(  # what somebody saw of a blast's cloud: the enterprise or an inspector
    "fume_rating", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("blast_id", Integer, ForeignKey("blast.id"), nullable=False),
    Column("rating", Text, nullable=False),  # 0, 1A … 5C
    Column("level", SmallInteger, nullable=False),
    Column("left_site", Boolean, nullable=False),
    Column("observation", JSONB, nullable=False),  # uskat.blast.fume.FumeObservation
    Column("photo", Text, ForeignKey("photograph.sha256")),
    Column("entered_by", Text, nullable=False),
    moment("entered_at", now=True),
    Index("ix_fume_rating_blast", "blast_id"),
)  # fmt: skip

catalogue_import = Table(  # a file of a regional catalogue as it was read
    "catalogue_import", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("name", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("added", Integer, nullable=False),
    Column("revised", Integer, nullable=False),
    Column("known", Integer, nullable=False),
    Column("refused", JSONB, nullable=False),  # [{place, fault, detail}]
    moment("imported_at", now=True),
)  # fmt: skip

catalogue_event = Table(  # an event of a regional catalogue; told again otherwise: another version, newest speaks
    "catalogue_event", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("event_id", Text, nullable=False),  # of the catalogue
    Column("version", Integer, nullable=False),
    Column("import_id", Integer, ForeignKey("catalogue_import.id"), nullable=False),
    moment("at"),
    Column("latitude", Double, nullable=False),
    Column("longitude", Double, nullable=False),
    Column("depth_km", Double),
    Column("magnitude", Double),
    Column("magnitude_type", Text),
    Column("type", Text, nullable=False),  # of QuakeML 1.2
    Column("certainty", Text),
    Column("agency", Text),
    Column("uncertainty_km", Double),
    Column("newest", Boolean, nullable=False),
    UniqueConstraint("event_id", "version"),
    Index("ix_catalogue_event_at", "at"),
)  # fmt: skip
