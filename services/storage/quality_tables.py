"""What quality control and people say of the measured data: judged intervals and days, visits to a station."""

from sqlalchemy import (
    Column,
    Date,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    text,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.storage.registry_tables import metadata, moment

quality_interval = Table(  # quality control of an interval with its context; written behind the journal
    "quality_interval", metadata,
    Column("series_id", Integer, primary_key=True, autoincrement=False),
    Column("start", moment("start").type, primary_key=True),
    Column("rollup", SmallInteger, nullable=False),  # QARTOD: 1 pass, 2 not evaluated, 3 suspect, 4 fail, 9 missing
    Column("flags", ARRAY(SmallInteger), nullable=False),  # worst flag of each test, in the order of the test set
    Column("n", Integer, nullable=False),
    Column("n_pass", Integer, nullable=False),  # readings that count: normal mode, no test failed, no undecided spike
    Column("mean_pass", Double),
    Column("minimum_pass", Double),
    Column("maximum_pass", Double),
    Column("test_set", Text, nullable=False),  # name and version of the set of tests
)  # fmt: skip

station_visit = Table(  # service visits, calibrations and maintenance windows, entered by people or seen in the data
    "station_visit", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("station_id", Integer, ForeignKey("station.id"), nullable=False),
    Column("series_id", Integer),  # null: the whole station
    Column("kind", Text, nullable=False),  # visit | calibration | maintenance
    moment("starts_at"),
    moment("ends_at"),
    Column("note", Text, nullable=False, server_default=""),
    Column("entered_by", Text, nullable=False),
    moment("entered_at", now=True),
    Index("ix_station_visit_station", "station_id", "starts_at"),
)  # fmt: skip

quality_day = Table(  # a local day of a series, for comparison with the posts around it
    "quality_day", metadata,
    Column("series_id", Integer, primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),  # of Asia/Novokuznetsk
    Column("median", Double),  # of the means of its intervals that count; null until the day is over
    Column("level", SmallInteger, nullable=False, server_default=text("1")),  # drift: 1 none, 3 suspect, 4 excluded
    Column("detail", JSONB, nullable=False, server_default=text("'{}'::jsonb")),  # of the departure
)  # fmt: skip
