"""Measured data, its journal and its judgements. Hypertables are named in `editions.HYPERTABLES`.

raw_id = microseconds since 1970 at storing * 4096 + lane (ADR 0002): it orders the past for `as of` reads.
No foreign keys point from or to a hypertable (they deadlock on new chunks).
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.storage import table_topics  # noqa: F401 - registers the tables of every topic
from services.storage.intake_tables import chain_head, interval_pending
from services.storage.quality_tables import quality_day, quality_interval, station_visit
from services.storage.registry_tables import (
    api_token,
    device,
    ingest_lane,
    instrument,
    metadata,
    moment,
    organisation,
    parameter,
    place,
    reach_calibration,
    river,
    series,
    station,
)  # fmt: skip

__all__ = [
    "alert", "alert_event", "api_token", "chain_head", "detector_snapshot", "detector_state", "device",
    "device_status", "histogram_interval", "ingest_lane", "instrument", "interval_20min", "interval_pending",
    "journal", "ledger", "metadata", "notification_log", "observation", "observation_conflict",
    "observation_decision", "organisation", "parameter", "place", "quality_day", "quality_interval", "raw_message",
    "reach_calibration", "rejected", "river", "rollup", "seismic_record", "series", "station", "station_visit",
    "station_work",
]  # fmt: skip

raw_message = Table(
    "raw_message", metadata,
    moment("received_at"),
    Column("raw_id", BigInteger, nullable=False),
    Column("device_id", Integer),  # null: sender unknown
    Column("topic", Text, nullable=False),  # MQTT topic, or http:<device>/<kind>, or import:<device>/<file>
    Column("payload", LargeBinary, nullable=False),
    Column("chain_seq", BigInteger, nullable=False),  # gapless within (device, lane)
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("seq_first", BigInteger),
    Column("seq_last", BigInteger),
    moment("t_first", nullable=True),  # event time span of the message as sent, also when refused
    moment("t_last", nullable=True),
    Column("readings", Integer, nullable=False),
    Index("ix_raw_message_device", "device_id", "raw_id"),
)  # fmt: skip

observation = Table(
    "observation", metadata,
    Column("series_id", Integer, nullable=False),
    moment("time"),
    Column("value", Double, nullable=False),
    Column("flag", SmallInteger, nullable=False),  # 1 pass, 3 suspect, 4 fail; +16 service, +32 calibration
    Column("raw_id", BigInteger, nullable=False),
    Index("uq_observation_series_time", "series_id", "time", unique=True),
)  # fmt: skip

observation_conflict = Table(  # another value for a moment that already has one: a new version, kept
    "observation_conflict", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("series_id", Integer, nullable=False),
    moment("time"),
    Column("value", Double, nullable=False),
    Column("flag", SmallInteger, nullable=False),
    Column("raw_id", BigInteger, nullable=False),
    UniqueConstraint("series_id", "time", "value"),
)  # fmt: skip

observation_decision = Table(  # append-only; the newest decision for (series, time) wins
    "observation_decision", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("series_id", Integer, nullable=False),
    moment("time"),
    Column("conflict_id", BigInteger, ForeignKey("observation_conflict.id")),  # null: back to the first value
    moment("decided_at", now=True),
    Column("decided_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_observation_decision_key", "series_id", "time"),
)  # fmt: skip

interval_20min = Table(  # exact, additive, kept in the ingest transaction; values scaled by 10^parameter.scale
    "interval_20min", metadata,
    Column("series_id", Integer, primary_key=True, autoincrement=False),
    Column("start", moment("start").type, primary_key=True),
    Column("n", Integer, nullable=False),  # readings stored, of any flag
    Column("n_valid", Integer, nullable=False),  # flag 1 only, normal mode
    Column("total", BigInteger, nullable=False),  # Σ scaled value of valid readings
    Column("total_squares", Numeric(38, 0), nullable=False),
    Column("minimum", Double),
    Column("maximum", Double),
    Column("n_service", Integer, nullable=False, server_default=text("0")),  # service or calibration readings
    Column("states", SmallInteger, nullable=False, server_default=text("0")),  # bits: 1 ams, 2 equipment, 4 seal not OK
    postgresql_with={"fillfactor": "70"},
)  # fmt: skip

rollup = Table(  # hour and day (Asia/Novokuznetsk days), recomputed from intervals by dirty range
    "rollup", metadata,
    Column("series_id", Integer, primary_key=True, autoincrement=False),
    Column("resolution", Text, primary_key=True),  # hour | day
    Column("start", moment("start").type, primary_key=True),
    Column("n", Integer, nullable=False),
    Column("n_valid", Integer, nullable=False),
    Column("n_expected", Integer, nullable=False),
    Column("mean", Double),
    Column("minimum", Double),
    Column("maximum", Double),
    Column("deviation", Double),
    Column("intervals_valid", Integer, nullable=False),  # 20-minute intervals with ≥ 75 % of the expected readings
)  # fmt: skip

seismic_record = Table(
    "seismic_record", metadata,
    moment("start"),
    moment("end"),
    Column("id", BigInteger, Identity(), nullable=False),
    Column("device_id", Integer, nullable=False),
    Column("station_id", Integer, nullable=False),
    Column("channels", ARRAY(Text), nullable=False),  # NSLC
    Column("rate_hz", Double, nullable=False),
    Column("samples", Integer, nullable=False),
    Column("payload", LargeBinary, nullable=False),  # the miniSEED as received
    Column("digest", LargeBinary, nullable=False),
    Column("first", Boolean, nullable=False, server_default=text("true")),  # false: a later version of a start
    Column("raw_id", BigInteger, nullable=False),
    Column("measures", JSONB, nullable=False),  # uskat.blast.waveform.RecordMeasures
    Index("uq_seismic_record", "device_id", "start", "digest", unique=True),
    Index("ix_seismic_record_id", "id"),
)  # fmt: skip

histogram_interval = Table(
    "histogram_interval", metadata,
    Column("device_id", Integer, primary_key=True, autoincrement=False),
    Column("start", moment("start").type, primary_key=True),
    Column("length_s", Double, nullable=False),
    Column("digest", LargeBinary, primary_key=True),
    Column("first", Boolean, nullable=False, server_default=text("true")),  # false: a later version
    Column("peaks", JSONB, nullable=False),
    Column("raw_id", BigInteger, nullable=False),
)  # fmt: skip

device_status = Table(
    "device_status", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("device_id", Integer, nullable=False),
    moment("time"),  # as sent, else when received
    Column("state", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("raw_id", BigInteger, nullable=False),
    UniqueConstraint("device_id", "time", "digest"),
)  # fmt: skip

rejected = Table(
    "rejected", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("raw_id", BigInteger, nullable=False),
    Column("device_id", Integer),
    Column("station_id", Integer),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("parameter", Text),
    Column("seq", BigInteger),
    Column("readings", Integer, nullable=False),
    moment("received_at"),
    moment("resolved_at", nullable=True),
    Column("resolution", Text),
    Index("ix_rejected_device", "device_id", "raw_id"),
    Index("ix_rejected_open", "reason", postgresql_where=text("resolved_at IS NULL")),
)  # fmt: skip

ledger = Table(  # received = stored + duplicate + conflict + rejected, in readings, by the UTC day of receipt
    "ledger", metadata,
    Column("station_id", Integer, primary_key=True, autoincrement=False),  # 0: sender unknown
    Column("day", Date, primary_key=True),
    Column("lane", SmallInteger, primary_key=True, autoincrement=False),
    Column("messages", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("stored", BigInteger, nullable=False),
    Column("duplicate", BigInteger, nullable=False),
    Column("conflict", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    postgresql_with={"fillfactor": "70"},
)  # fmt: skip

journal = Table(  # what was committed and awaits evaluation; alerts delete a row in the transaction that evaluates it
    "journal", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("station_id", Integer, nullable=False),
    Column("kind", Text, nullable=False),  # water | upstream | visit | seismic | network | declared | …
    moment("time_min"),
    moment("time_max"),
    Column("entries", Integer, nullable=False),
    moment("committed_at", now=True),
    Index("ix_journal_station", "station_id"),
)  # fmt: skip

station_work = Table(  # the row that a worker locks while it evaluates a station
    "station_work", metadata,
    Column("station_id", Integer, ForeignKey("station.id"), primary_key=True),
    moment("evaluated_at", nullable=True),
    moment("due_at", nullable=True),  # next look without new data (silence)
)  # fmt: skip

detector_state = Table(
    "detector_state", metadata,
    Column("station_id", Integer, primary_key=True, autoincrement=False),
    Column("detector", Text, primary_key=True),
    Column("state", JSONB, nullable=False),
    moment("updated_at", now=True),
)  # fmt: skip

detector_snapshot = Table(  # state of an online detector before the interval that starts at `at`, to resume from
    "detector_snapshot", metadata,
    Column("station_id", Integer, primary_key=True, autoincrement=False),
    Column("detector", Text, primary_key=True),
    Column("at", moment("at").type, primary_key=True),
    Column("state", LargeBinary, nullable=False),
)  # fmt: skip

alert = Table(
    "alert", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("key", Text, nullable=False),  # detector:subject, one open episode at a time
    Column("station_id", Integer, nullable=False),
    Column("device_id", Integer),
    Column("series_id", Integer),
    Column("detector", Text, nullable=False),
    Column("kind", Text, nullable=False),  # exceedance | silence | vibration | clock | …
    Column("severity", Text, nullable=False),
    Column("state", Text, nullable=False),  # active | returned | withdrawn
    moment("started_at"),  # when it happened (event time)
    moment("ended_at", nullable=True),
    moment("settled_at", nullable=True),  # when its end could have been known
    moment("knowable_at"),  # when it could have been known: the end of the deciding interval
    moment("known_at"),  # when it was known
    moment("updated_at"),
    Column("title", Text, nullable=False),
    Column("title_en", Text, nullable=False, server_default=""),
    Column("figures", JSONB, nullable=False),
    Column("reasons", JSONB, nullable=False),
    Column("norm", JSONB),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("published", Boolean, nullable=False, server_default=text("true")),
    Index("uq_alert_episode", "key", "started_at", unique=True),
    Index("ix_alert_state", "state", "updated_at"),
    Index("ix_alert_station", "station_id", "started_at"),
)  # fmt: skip

alert_event = Table(
    "alert_event", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("alert_id", Integer, ForeignKey("alert.id"), nullable=False),
    Column("event", Text, nullable=False),  # opened | updated | returned | reopened | withdrawn
    moment("at", now=True),
    Column("body", JSONB, nullable=False),
    Index("ix_alert_event_alert", "alert_id"),
)  # fmt: skip

notification_log = Table(
    "notification_log", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("alert_event_id", BigInteger, ForeignKey("alert_event.id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    moment("at", now=True),
    Column("status", Text, nullable=False),
    Column("detail", Text),
)  # fmt: skip
