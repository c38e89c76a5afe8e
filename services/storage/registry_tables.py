"""Registry: organisations, rivers, stations, devices, instruments, series, tokens."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)


def moment(name: str, *, nullable: bool = False, now: bool = False) -> "Column[object]":
    """Column of a UTC moment."""
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=func.now() if now else None)


def _properties() -> "Column[object]":
    return Column("properties", JSONB, nullable=False, server_default=text("'{}'::jsonb"))


def _identity() -> "Column[int]":
    return Column("id", Integer, Identity(), primary_key=True)


organisation = Table(
    "organisation", metadata,
    _identity(),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),  # agency | enterprise | laboratory
    Column("demo", Boolean, nullable=False, server_default=text("false")),
    _properties(),
)  # fmt: skip

river = Table(
    "river", metadata,
    _identity(),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("flows_to", Text),  # code of the receiving river
    Column("mouth_km", Double),  # kilometre of the receiving river at which this one enters, from its mouth
    Column("length_km", Double),
    Column("geometry", JSONB),  # GeoJSON LineString, WGS84 lon lat
    Column("schematic", Boolean, nullable=False, server_default=text("true")),
    _properties(),
)  # fmt: skip

reach_calibration = Table(  # velocity of water against Jobson's, learnt from events that both ends of a reach saw
    "reach_calibration", metadata,
    Column("river", Text, primary_key=True),
    Column("upper_km", Double, primary_key=True),
    Column("lower_km", Double, primary_key=True),
    Column("log_factor", Double, nullable=False),
    Column("log_sd", Double, nullable=False),
    Column("pairs", Integer, nullable=False),
    moment("calibrated_at", now=True),
)  # fmt: skip

station = Table(
    "station", metadata,
    _identity(),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),  # river | outlet | seismic
    Column("river_id", Integer, ForeignKey("river.id")),
    Column("river_km", Double),
    Column("downstream", Text),  # code of the next station downstream
    Column("latitude", Double, nullable=False),
    Column("longitude", Double, nullable=False),
    Column("accuracy_m", Double),
    Column("water_use", Text, nullable=False, server_default="fishery_2"),
    Column("organisation_id", Integer, ForeignKey("organisation.id")),
    Column("published", Boolean, nullable=False, server_default=text("true")),
    Column("demo", Boolean, nullable=False, server_default=text("false")),
    _properties(),
    moment("created_at", now=True),
    Column("territory", Text),  # code; null: of none
)  # fmt: skip

place = Table(  # settlements, pits, outlets: what the map shows and later issues attribute to
    "place", metadata,
    _identity(),
    Column("kind", Text, nullable=False),  # settlement | pit | outlet
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("latitude", Double, nullable=False),
    Column("longitude", Double, nullable=False),
    Column("river_id", Integer, ForeignKey("river.id")),
    Column("river_km", Double),
    Column("organisation_id", Integer, ForeignKey("organisation.id")),
    Column("demo", Boolean, nullable=False, server_default=text("false")),
    _properties(),
    Column("territory", Text),  # code; null: of none
    UniqueConstraint("kind", "code"),
)  # fmt: skip

device = Table(
    "device", metadata,
    _identity(),
    Column("code", Text, nullable=False, unique=True),  # MQTT user name and topic level
    Column("station_id", Integer, ForeignKey("station.id"), nullable=False),
    Column("organisation_id", Integer, ForeignKey("organisation.id")),
    Column("kind", Text, nullable=False),  # logger | seismograph | enterprise
    Column("password_hash", Text),  # Mosquitto's own form $7$iterations$salt$hash (PBKDF2-SHA512)
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    _properties(),  # seismograph: {"channels": {"GHZ": {"component": "V", "unit": "mm/s", "counts_per_unit": 1e5}}}
    moment("created_at", now=True),
)  # fmt: skip

parameter = Table(
    "parameter", metadata,
    Column("id", SmallInteger, Identity(), primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("name_ru", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("unit_ru", Text, nullable=False),
    Column("gross_min", Double, nullable=False),
    Column("gross_max", Double, nullable=False),
    Column("scale", SmallInteger, nullable=False),
    Column("basis", Text, nullable=False, server_default=""),
)  # fmt: skip

instrument = Table(
    "instrument", metadata,
    _identity(),
    Column("device_id", Integer, ForeignKey("device.id"), nullable=False),
    Column("code", Text, nullable=False, unique=True),
    Column("type_name", Text, nullable=False),
    Column("serial_number", Text),
    moment("installed_at", nullable=True),
    moment("removed_at", nullable=True),
    _properties(),
)  # fmt: skip

series = Table(  # a datastream: one parameter of one device
    "series", metadata,
    _identity(),
    Column("device_id", Integer, ForeignKey("device.id"), nullable=False),
    Column("station_id", Integer, ForeignKey("station.id"), nullable=False),
    Column("instrument_id", Integer, ForeignKey("instrument.id")),
    Column("parameter_id", SmallInteger, ForeignKey("parameter.id"), nullable=False),
    Column("expected_interval_s", Integer, nullable=False),
    Column("published", Boolean, nullable=False, server_default=text("true")),
    UniqueConstraint("device_id", "parameter_id"),
    Index("ix_series_station", "station_id"),
)  # fmt: skip

api_token = Table(
    "api_token", metadata,
    _identity(),
    Column("name", Text, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),  # SHA-256 of a 256-bit random token
    Column("scopes", ARRAY(Text), nullable=False),  # services.api.access.Role
    Column("device_id", Integer, ForeignKey("device.id")),  # set: may only write as this device
    Column("organisation_id", Integer, ForeignKey("organisation.id")),  # whom it acts for: an enterprise or an agency
    moment("created_at", now=True),
    moment("expires_at", nullable=True),
    moment("revoked_at", nullable=True),
    Column("issued_by", Text),  # null: from the command line
    Column("revoked_by", Text),
)  # fmt: skip

ingest_lane = Table(  # who last wrote in which lane; exclusivity itself is an advisory lock
    "ingest_lane", metadata,
    Column("lane", SmallInteger, primary_key=True, autoincrement=False),
    Column("worker", Text, nullable=False),
    moment("leased_at", now=True),
    Column("last_raw_id", BigInteger),
)  # fmt: skip
