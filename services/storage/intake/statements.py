"""SQL of the intake. Times travel as microseconds since 1970: arrays of integers are cheaper than of datetimes."""

_AT = "timestamptz 'epoch' + {0} * interval '1 microsecond'"
_US = "(extract(epoch FROM {0}) * 1000000)::bigint"

KNOWN_READINGS = f"""
SELECT (k.position - 1)::int AS position, o.value
FROM unnest($1::int[], $2::bigint[]) WITH ORDINALITY AS k(series_id, time_us, position)
JOIN observation o ON o.series_id = k.series_id AND o.time = {_AT.format("k.time_us")}
WHERE o.time >= {_AT.format("$3::bigint")} AND o.time <= {_AT.format("$4::bigint")}
"""

INSERT_READINGS = f"""
INSERT INTO observation (series_id, time, value, flag, raw_id)
SELECT k.series_id, {_AT.format("k.time_us")}, k.value, k.flag, k.raw_id
FROM unnest($1::int[], $2::bigint[], $3::float8[], $4::int2[], $5::bigint[])
  AS k(series_id, time_us, value, flag, raw_id)
ON CONFLICT DO NOTHING
RETURNING series_id, {_US.format("time")} AS time_us
"""

INSERT_CONFLICTS = f"""
INSERT INTO observation_conflict (series_id, time, value, flag, raw_id)
SELECT k.series_id, {_AT.format("k.time_us")}, k.value, k.flag, k.raw_id
FROM unnest($1::int[], $2::bigint[], $3::float8[], $4::int2[], $5::bigint[])
  AS k(series_id, time_us, value, flag, raw_id)
ON CONFLICT DO NOTHING
RETURNING series_id, {_US.format("time")} AS time_us, value
"""

UPSERT_INTERVALS = f"""
INSERT INTO interval_20min AS i
  (series_id, start, n, n_valid, total, total_squares, minimum, maximum, n_service, states)
SELECT k.series_id, {_AT.format("k.start_us")}, k.n, k.n_valid, k.total, k.total_squares::numeric, k.minimum, k.maximum,
       k.n_service, k.states
FROM unnest($1::int[], $2::bigint[], $3::int[], $4::int[], $5::bigint[], $6::text[], $7::float8[], $8::float8[],
            $9::int[], $10::int2[])
  AS k(series_id, start_us, n, n_valid, total, total_squares, minimum, maximum, n_service, states)
ON CONFLICT (series_id, start) DO UPDATE SET
  n = i.n + excluded.n, n_valid = i.n_valid + excluded.n_valid, total = i.total + excluded.total,
  total_squares = i.total_squares + excluded.total_squares, minimum = least(i.minimum, excluded.minimum),
  maximum = greatest(i.maximum, excluded.maximum), n_service = i.n_service + excluded.n_service,
  states = i.states | excluded.states
"""

# Of intervals that exist for sure: half the cost of INSERT … ON CONFLICT. The count says whether all were there.
UPDATE_INTERVALS = f"""
UPDATE interval_20min AS i SET
  n = i.n + k.n, n_valid = i.n_valid + k.n_valid, total = i.total + k.total,
  total_squares = i.total_squares + k.total_squares::numeric, minimum = least(i.minimum, k.minimum),
  maximum = greatest(i.maximum, k.maximum), n_service = i.n_service + k.n_service, states = i.states | k.states
FROM unnest($1::int[], $2::bigint[], $3::int[], $4::int[], $5::bigint[], $6::text[], $7::float8[], $8::float8[],
            $9::int[], $10::int2[])
  AS k(series_id, start_us, n, n_valid, total, total_squares, minimum, maximum, n_service, states)
WHERE i.series_id = k.series_id AND i.start = {_AT.format("k.start_us")}
"""

HOLD_PENDING = "LOCK TABLE interval_pending IN SHARE ROW EXCLUSIVE MODE"
TAKE_PENDING = "SELECT id, increments FROM interval_pending ORDER BY id LIMIT $1 FOR UPDATE"
TAKE_FREE_PENDING = TAKE_PENDING + " SKIP LOCKED"
TAKE_PENDING_OF_STATION = """
SELECT id, increments FROM interval_pending WHERE $1::int = ANY (stations) ORDER BY id FOR UPDATE
"""
DROP_PENDING = "DELETE FROM interval_pending WHERE id = ANY ($1::bigint[])"

INSERT_REJECTED = """
INSERT INTO rejected (raw_id, device_id, station_id, reason, detail, parameter, seq, readings, received_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""

# Everything that closes a batch, in one round trip: on a busy machine each costs a change of processes or two.
CLOSE_BOOKS = f"""
WITH entry AS (
  INSERT INTO journal (station_id, kind, time_min, time_max, entries)
  SELECT k.station_id, k.kind, {_AT.format("k.low")}, {_AT.format("k.high")}, k.entries
  FROM unnest($3::int[], $4::text[], $5::bigint[], $6::bigint[], $7::int[])
    AS k(station_id, kind, low, high, entries)
), pending AS (
  INSERT INTO interval_pending (lane, stations, increments)
  SELECT $1::int2, $8::int[], $9::bytea WHERE $9::bytea IS NOT NULL
), book AS (
  INSERT INTO ledger AS l (station_id, day, lane, messages, received, stored, duplicate, conflict, rejected)
  SELECT k.station_id, $10::date, $1::int2, k.messages, k.received, k.stored, k.duplicate, k.conflict, k.rejected
  FROM unnest($11::int[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[])
    AS k(station_id, messages, received, stored, duplicate, conflict, rejected)
  ON CONFLICT (station_id, day, lane) DO UPDATE SET
    messages = l.messages + excluded.messages, received = l.received + excluded.received,
    stored = l.stored + excluded.stored, duplicate = l.duplicate + excluded.duplicate,
    conflict = l.conflict + excluded.conflict, rejected = l.rejected + excluded.rejected
), head AS (
  INSERT INTO chain_head (device_id, lane, chain_seq, hash)
  SELECT k.device_id, $1::int2, k.chain_seq, k.hash
  FROM unnest($18::int[], $19::bigint[], $20::bytea[]) AS k(device_id, chain_seq, hash)
  ON CONFLICT (device_id, lane) DO UPDATE SET chain_seq = excluded.chain_seq, hash = excluded.hash
), fence AS (
  UPDATE ingest_lane SET last_raw_id = $2 WHERE lane = $1 RETURNING 1
)
SELECT (SELECT count(*) FROM fence), CASE WHEN cardinality($3::int[]) > 0 THEN pg_notify('uskat_journal', '') END
"""

INSERT_SEISMIC = """
INSERT INTO seismic_record
  (start, "end", device_id, station_id, channels, rate_hz, samples, payload, digest, raw_id, measures, first)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb,
        NOT EXISTS (SELECT 1 FROM seismic_record r WHERE r.device_id = $3 AND r.start = $1))
ON CONFLICT DO NOTHING RETURNING first
"""

INSERT_HISTOGRAM = """
INSERT INTO histogram_interval (device_id, start, length_s, digest, peaks, raw_id, first)
VALUES ($1, $2, $3, $4, $5::jsonb, $6,
        NOT EXISTS (SELECT 1 FROM histogram_interval h WHERE h.device_id = $1 AND h.start = $2))
ON CONFLICT DO NOTHING RETURNING first
"""

INSERT_STATUS = """
INSERT INTO device_status (device_id, time, state, body, digest, raw_id) VALUES ($1, $2, $3, $4::jsonb, $5, $6)
ON CONFLICT DO NOTHING
"""
