from datetime import UTC, datetime

import pytest

from simulators.column_map import ColumnMapError, Refused, parse_column_map, read_rows, scans
from uskat.wire.water import WaterPacket

MAP = """
time: {column: when, format: "%d.%m.%Y %H:%M", zone: Asia/Novokuznetsk}
separator: ";"
missing: ["", "-9999"]
columns:
  T: {parameter: temp}
  Leit: {parameter: ec25, factor: 10, decimals: 3}
  Redox: {parameter: orp, offset: -200}
"""
TABLE = """\ufeffwhen;T;Leit;Redox;note
01.07.2026 07:00;18,4;41.23;480;first
01.07.2026 07:20;-9999;41.3;;second
01.07.2026 07:40;;;-9999;nothing
yesterday;18.4;41.23;480;no time
01.07.2026 08:00;warm;41.5;inf;half
"""


def test_rows_become_packets_and_each_refusal_says_where_and_why(tmp_path):
    path = tmp_path / "record.csv"
    path.write_text(TABLE, encoding="utf-8")
    columns = parse_column_map(MAP)
    assert list(scans(read_rows(path, columns), columns)) == [
        WaterPacket(datetime(2026, 7, 1, 0, 0, tzinfo=UTC), {"temp": 18.4, "ec25": 412.3, "orp": 280.0}),
        WaterPacket(datetime(2026, 7, 1, 0, 20, tzinfo=UTC), {"ec25": 413.0}),
        Refused(4, "no time in 'yesterday'", "when"),
        Refused(5, "no number in 'warm'", "T"),
        Refused(5, "no number in 'inf'", "Redox"),
        WaterPacket(datetime(2026, 7, 1, 1, 0, tzinfo=UTC), {"ec25": 415.0}),
    ]


@pytest.mark.parametrize(
    ("form", "cell", "moment"),
    [
        ("iso", "2026-07-01 00:00:00", datetime(2026, 6, 30, 17, tzinfo=UTC)),
        ("iso", "2026-07-01T00:00:00.250+00:00", datetime(2026, 7, 1, 0, 0, 0, 250_000, tzinfo=UTC)),
        ("iso", datetime(2026, 7, 1, 7), datetime(2026, 7, 1, 0, tzinfo=UTC)),  # noqa: DTZ001 - a table's naive time
        ("epoch", "1782864000.5", datetime(2026, 7, 1, 0, 0, 0, 500_000, tzinfo=UTC)),
        ("epoch", 1782864000, datetime(2026, 7, 1, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_they_are_written(form, cell, moment):
    columns = parse_column_map(
        f"time: {{column: t, format: {form}, zone: Asia/Novokuznetsk}}\ncolumns: {{a: {{parameter: ph}}}}"
    )
    assert next(iter(scans([{"t": cell, "a": 7}], columns))).t == moment


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not YAML"),
        ("columns: {}", "missing required field `time`"),
        ("time: {column: t}\ncolumns: {}", "at least one"),
        ("time: {column: t, zone: Mars/Base}\ncolumns: {a: {parameter: ph}}", "time zone"),
        ("time: {column: t}\ncolumns: {a: {parameter: gold}}", "unknown parameters: gold"),
        ("time: {column: t}\ncolumns: {a: {parameter: ph}, b: {parameter: ph}}", "one column"),
        ("time: {column: t}\nseparator: tab\ncolumns: {a: {parameter: ph}}", "one character"),
        ("time: {column: t}\ncolumns: {a: {parameter: ph, factr: 2}}", "factr"),
    ],
)
def test_a_mistake_in_the_map_is_named(text, words):
    with pytest.raises(ColumnMapError, match=words):
        parse_column_map(text)


def test_a_missing_column_is_named(tmp_path):
    path = tmp_path / "record.csv"
    path.write_text("when;T\n", encoding="utf-8")
    with pytest.raises(ColumnMapError, match="has no column Leit, Redox; it has when, T"):
        list(read_rows(path, parse_column_map(MAP)))


def test_parquet_is_read_like_csv(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow as pa

    table = pa.table({"t": [datetime(2026, 7, 1, tzinfo=UTC)] * 2, "ph": [7.5, None], "other": [1, 2]})
    parquet.write_table(table, tmp_path / "record.parquet")
    columns = parse_column_map("time: {column: t}\ncolumns: {ph: {parameter: ph}}")
    rows = list(read_rows(tmp_path / "record.parquet", columns))
    assert rows == [
        {"t": datetime(2026, 7, 1, tzinfo=UTC), "ph": 7.5},
        {"t": datetime(2026, 7, 1, tzinfo=UTC), "ph": None},
    ]
    assert len(list(scans(rows, columns))) == 1
    with pytest.raises(ColumnMapError, match="has no column"):
        list(read_rows(tmp_path / "record.parquet", parse_column_map(MAP)))
