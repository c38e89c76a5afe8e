"""What the network of seismographs recorded: features of each record, and the events judged from them.

Both are judgements: they follow from `seismic_record` and `blast`, are computed again when those change, and never
change them. An event that later data dissolved stays, marked withdrawn.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.storage.registry_tables import metadata, moment

blast_event = Table(  # an event of the network with its verdict, as the newest judgement has it
    "blast_event", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("code", Text, nullable=False, unique=True),  # device and start of its first record
    moment("at"),  # origin time where located, else the onset
    moment("ends_at"),  # end of its last record
    Column("verdict", Text, nullable=False),  # uskat.blast.event.verdict.Verdict
    Column("probability", Double, nullable=False),  # of the verdict
    Column("station_id", Integer, nullable=False),  # of its first record
    Column("device_id", Integer, nullable=False),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("uncertainty_km", Double),  # half the long axis of the 95 % ellipse
    Column("charge_kg", Double),  # per delay, from the peaks
    Column("blast_id", Integer, ForeignKey("blast.id")),  # the declared blast it is
    Column("deviations", ARRAY(Text), nullable=False),  # early | late | elsewhere | other_size
    Column("body", JSONB, nullable=False),  # JudgedEvent: probabilities, reasons, ellipse, records, clocks
    moment("judged_at"),  # when this judgement was first reached
    moment("withdrawn_at", nullable=True),  # later data dissolved it
    Index("ix_blast_event_at", "at"),
    Index("ix_blast_event_blast", "blast_id"),
)  # fmt: skip

blast_record = Table(  # features of a triggered record, computed once from its samples
    "blast_record", metadata,
    Column("device_id", Integer, primary_key=True, autoincrement=False),
    Column("start", moment("start").type, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),  # as in seismic_record
    Column("features", JSONB),  # uskat.blast.event.record.RecordFeatures; null: no signal, or not calibrated
    Column("event_id", BigInteger, ForeignKey("blast_event.id")),  # the event it is a record of
    Index("ix_blast_record_start", "start"),
    Index("ix_blast_record_event", "event_id"),
)  # fmt: skip
