"""A machine gets a narrow key that ends."""

from datetime import UTC, datetime, timedelta

import pytest

from uskat.supervision.access.key import LONGEST_KEY, KeyRefused, check_key

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SOON = NOW + timedelta(days=30)


def test_keys_that_machines_need_are_issued() -> None:
    assert check_key(["ingest"], organisation_kind="agency", device="U-43", expires_at=SOON, at=NOW) == {"ingest"}
    assert check_key(["enterprise"], organisation_kind="enterprise", device=None, expires_at=SOON, at=NOW)
    assert check_key(["inspector", "metrologist"], organisation_kind="agency", device=None, expires_at=SOON, at=NOW)


@pytest.mark.parametrize(
    ("scopes", "kind", "device", "expires_at", "words"),
    [
        (["admin"], "agency", None, SOON, "has one or more"),
        (["operate"], "agency", None, SOON, "has one or more"),
        ([], "agency", None, SOON, "has one or more"),
        (["ingest"], "agency", None, SOON, "names its device"),
        (["ingest", "inspector"], "agency", "U-43", SOON, "no other scope"),
        (["inspector"], "agency", "U-43", SOON, "names its device"),
        (["enterprise"], "agency", None, SOON, "belongs to an enterprise"),
        (["inspector"], "enterprise", None, SOON, "belongs to an agency"),
        (["inspector"], "agency", None, NOW, "ends"),
        (["inspector"], "agency", None, NOW + LONGEST_KEY + timedelta(seconds=1), "within 366 days"),
    ],
)
def test_wide_keys_and_endless_ones_are_not(
    scopes: list[str], kind: str, device: str | None, expires_at: datetime, words: str
) -> None:
    with pytest.raises(KeyRefused, match=words):
        check_key(scopes, organisation_kind=kind, device=device, expires_at=expires_at, at=NOW)
