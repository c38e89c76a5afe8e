"""Which machine keys an admin may issue: narrow ones, that end. `admin` and `operate` are never given to a machine."""

from collections.abc import Iterable
from datetime import datetime, timedelta

KEY_SCOPES = frozenset({"ingest", "enterprise", "inspector", "metrologist"})
LONGEST_KEY = timedelta(days=366)
OF_AGENCY = frozenset({"inspector", "metrologist"})


class KeyRefused(ValueError):
    """A machine key that is not issued; the message says why."""


def check_key(
    scopes: Iterable[str], *, organisation_kind: str, device: str | None, expires_at: datetime, at: datetime
) -> frozenset[str]:
    """Scopes of a key that may be issued now for an organisation. Raises KeyRefused.

    ingest is bound to one device and stands alone; enterprise belongs to an enterprise, inspector and metrologist to
    an agency; every key ends within a year.
    """
    wanted = frozenset(scopes)
    if not wanted or not wanted <= KEY_SCOPES:
        raise KeyRefused(f"a machine key has one or more of the scopes {', '.join(sorted(KEY_SCOPES))}")
    if ("ingest" in wanted) != (device is not None) or (device is not None and len(wanted) > 1):
        raise KeyRefused("a key of scope ingest names its device, and has no other scope")
    if "enterprise" in wanted and organisation_kind != "enterprise":
        raise KeyRefused("a key of scope enterprise belongs to an enterprise")
    if wanted & OF_AGENCY and organisation_kind != "agency":
        raise KeyRefused("a key of scope inspector or metrologist belongs to an agency")
    if not at < expires_at <= at + LONGEST_KEY:
        raise KeyRefused(f"a machine key ends, within {LONGEST_KEY.days} days")
    return wanted
