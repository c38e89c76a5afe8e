"""The reference page of passports and reports says what the code does."""

import re
from pathlib import Path

from uskat.blast.passport.form import form_of
from uskat.blast.passport.lifecycle import BlastStatus, PostponeReason
from uskat.blast.passport.schema import DocumentKind

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/reference/blast-documents.md").read_text(encoding="utf-8")


def section(title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL).group(1)


def first_cells(text):
    return [
        word for row in re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE) for word in re.findall(r"`([^`]+)`", row)
    ]


def test_every_field_is_described_with_its_unit_and_whether_it_is_needed():
    for kind in DocumentKind:
        form = form_of(kind)
        rows = re.findall(
            r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \| [^|]+ \| (yes|no) \|", section(kind.value.title()), re.MULTILINE
        )
        cells = [("", field) for field in form.fields]
        cells += [(f"{table.key}[].", column) for table in form.tables for column in table.columns]
        expected = [(p + f.code, f.title, f.unit or "–", "yes" if f.required else "no") for p, f in cells]
        assert rows == expected


def test_every_status_and_reason_is_described():
    assert first_cells(section("Statuses")) == [status.value for status in BlastStatus]
    assert all(f"`{reason.value}`" in section("Statuses") for reason in PostponeReason)


def codes_in(*folders):
    texts = [path.read_text(encoding="utf-8") for folder in folders for path in (ROOT / folder).glob("*.py")]
    pattern = re.compile(r"(?:compared|Discrepancy|_conflict)\(\s*(?:code=)?\"(\w+)\"")
    return {code for text in texts for code in pattern.findall(text)}


def test_every_code_of_a_check_is_described():
    computed = {"danger_zone_people", "danger_zone_equipment", "report_total_charge_kg", "report_broken_volume_m3"}
    assert set(first_cells(section("Discrepancies"))) == codes_in("uskat/blast/passport") | computed
    assert set(first_cells(section("Conflicts with restrictions"))) == codes_in("uskat/blast/restriction")
