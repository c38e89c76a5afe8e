"""Who may do what: one row a route, deny by default. tests/unit/api/test_access.py walks through all of them.

Roles: `anonymous` has no token; the others are scopes of a token. A token with a scope may also do what `anonymous`
may. `enterprise` belongs to one enterprise: whose blasts it may see and change is decided where they are read, by the
token's own enterprise. `inspector`, `metrologist` and `admin` belong to one agency; `operate` is the machine key of
whoever runs the installation.
"""

from enum import StrEnum

API = "/api/v1"


class Role(StrEnum):
    """What a caller may be."""

    ANONYMOUS = "anonymous"
    INGEST = "ingest"
    OPERATE = "operate"
    ENTERPRISE = "enterprise"
    INSPECTOR = "inspector"
    METROLOGIST = "metrologist"
    ADMIN = "admin"


AGENCY_ROLES = frozenset({Role.INSPECTOR, Role.METROLOGIST, Role.ADMIN})
"""People of an agency: a token of theirs that is bound to no agency carries none of these roles."""

EVERYBODY = frozenset(Role)
OPERATORS = frozenset({Role.OPERATE, Role.INSPECTOR})
INSPECTORS = frozenset({Role.INSPECTOR})
METROLOGISTS = frozenset({Role.METROLOGIST})
ADMINS = frozenset({Role.ADMIN})
CUSTODIANS = frozenset({Role.METROLOGIST, Role.ADMIN})
"""Whoever answers for the instruments of an agency."""
KEEPERS = frozenset({Role.OPERATE, Role.ADMIN})
"""Whoever runs the installation, and admins of agencies."""
SENDERS = frozenset({Role.INGEST})
ENTERPRISES = frozenset({Role.ENTERPRISE})
INSIDERS = frozenset({Role.ENTERPRISE}) | OPERATORS
"""The enterprise itself and whoever supervises it."""

PEOPLE = frozenset({Role.ENTERPRISE}) | AGENCY_ROLES
"""Whoever can have an account."""

DOORS = frozenset(
    ("POST", f"{API}/{door}") for door in ("session", "session/refresh", "session/openid/second-factor", "enrolment")
)
"""Signing in changes something and is open to everybody: what is sent says who it is."""

FDSN = tuple(
    (method, f"/fdsnws/{name}/1/{question}")
    for name, methods in {"dataselect": ("GET", "POST"), "station": ("GET", "POST"), "event": ("GET",)}.items()
    for method, question in (
        *((method, "query") for method in methods), ("GET", "version"), ("GET", "application.wadl"),
        *((("GET", "catalogs"), ("GET", "contributors")) if name == "event" else ()),
    )
)  # fmt: skip
"""Standard services; their POST is a longer question, not a change."""

CITIZEN_DOORS = frozenset(
    ("POST", f"{prefix}/complaints{tail}") for prefix in ("", API) for tail in ("", "/status", "/forget")
)
"""A citizen complains and follows the complaint without an account: the code says whose it is."""

SUBSCRIPTION_DOORS = frozenset(
    ("POST", path) for path in (
        f"{API}/subscriptions", "/subscription", "/subscription/confirm", "/subscription/leave",
        f"{API}/push-subscriptions", f"{API}/push-subscriptions/leave",
    )
)  # fmt: skip
"""A resident subscribes to alerts without an account: the token of the mail, or the browser's endpoint, says whose."""

PRECHECK_DOOR = ("POST", "/precheck")
"""An engineer sends a passport and a key in one form; the page asks the key what the route for machines asks."""

ACCESS: dict[tuple[str, str], frozenset[Role]] = {
    ("GET", "/"): EVERYBODY,
    ("GET", "/alerts/{alert_id}"): EVERYBODY,
    ("GET", "/docs"): EVERYBODY,
    ("GET", "/docs/assets/{name}"): EVERYBODY,
    ("GET", "/openapi.json"): EVERYBODY,
    ("GET", "/health/live"): EVERYBODY,
    ("GET", "/health/ready"): EVERYBODY,
    ("GET", "/metrics"): EVERYBODY,
    ("GET", f"{API}/problems"): EVERYBODY,
    ("GET", f"{API}/stations"): EVERYBODY,
    ("GET", f"{API}/stations/{{code}}"): EVERYBODY,
    ("GET", f"{API}/stations/{{code}}/norms"): EVERYBODY,
    ("GET", f"{API}/stations/{{code}}/pollution-index"): EVERYBODY,
    ("GET", f"{API}/stations/{{code}}/availability"): EVERYBODY,
    ("GET", f"{API}/norms"): EVERYBODY,
    ("GET", f"{API}/norms/{{pack}}"): EVERYBODY,
    ("GET", f"{API}/episodes"): EVERYBODY,
    ("GET", f"{API}/flood"): EVERYBODY,
    ("GET", f"{API}/alert-queue"): OPERATORS,
    ("GET", f"{API}/alert-load"): OPERATORS,
    ("GET", f"{API}/alert-policies"): OPERATORS,
    ("POST", f"{API}/alert-policies"): KEEPERS,
    ("GET", f"{API}/case-policies"): OPERATORS,
    ("POST", f"{API}/case-policies"): KEEPERS,
    ("GET", f"{API}/alerts/{{alert_id}}/handling"): OPERATORS,
    ("POST", f"{API}/alerts/{{alert_id}}/steps"): OPERATORS,
    ("GET", f"{API}/cases"): INSPECTORS,
    ("POST", f"{API}/cases"): INSPECTORS,
    ("GET", f"{API}/cases/{{case_id}}"): INSPECTORS,
    ("POST", f"{API}/cases/{{case_id}}/steps"): INSPECTORS,
    ("POST", f"{API}/cases/{{case_id}}/grounds"): INSPECTORS,
    ("GET", f"{API}/cases/{{case_id}}/photographs/{{sha256}}"): INSPECTORS,
    ("GET", f"{API}/enterprises/{{enterprise}}/cases"): ENTERPRISES,
    ("GET", f"{API}/enterprises/{{enterprise}}/cases/{{case_id}}"): ENTERPRISES,
    ("POST", f"{API}/enterprises/{{enterprise}}/cases/{{case_id}}/explanation"): ENTERPRISES,
    ("GET", f"{API}/roster"): AGENCY_ROLES,
    ("POST", f"{API}/roster"): ADMINS,
    ("POST", f"{API}/roster/{{shift_id}}/strike"): ADMINS,
    ("GET", f"{API}/detectors/precision"): OPERATORS,
    ("GET", f"{API}/nmu"): EVERYBODY,
    ("POST", f"{API}/nmu"): OPERATORS,
    ("POST", f"{API}/nmu/{{warning_id}}/withdrawal"): OPERATORS,
    ("GET", f"{API}/weather"): EVERYBODY,
    ("GET", f"{API}/pits/{{code}}/weather"): EVERYBODY,
    ("GET", f"{API}/pits/{{code}}/rules"): EVERYBODY,
    ("POST", f"{API}/pits/{{code}}/rules"): OPERATORS,
    ("GET", f"{API}/regional-catalogue"): EVERYBODY,
    ("GET", f"{API}/blasts/{{enterprise}}/{{blast_id}}/restrictions"): INSIDERS,
    ("GET", f"{API}/blasts/{{enterprise}}/{{blast_id}}/emission"): INSIDERS,
    ("GET", f"{API}/blasts/{{enterprise}}/{{blast_id}}/water"): INSIDERS,
    ("GET", f"{API}/enterprises/{{enterprise}}/restriction-record"): INSIDERS,
    ("GET", f"{API}/enterprises/{{enterprise}}/charge-law"): INSIDERS,
    ("GET", f"{API}/enterprises/{{enterprise}}/emissions"): INSIDERS,
    ("GET", f"{API}/kpi/blasting"): EVERYBODY,
    ("GET", f"{API}/kpi/supervision"): EVERYBODY,
    ("GET", f"{API}/kpi/supervision/{{indicator}}/figure"): EVERYBODY,
    ("GET", f"{API}/kpi/supervision/{{indicator}}/behind"): INSPECTORS,
    ("GET", f"{API}/explosives"): EVERYBODY,
    ("POST", f"{API}/explosives"): OPERATORS,
    ("GET", f"{API}/explosives/{{product}}/quality"): OPERATORS,
    ("GET", f"{API}/explosive-permits"): INSIDERS,
    ("POST", f"{API}/explosive-permits"): OPERATORS,
    ("GET", f"{API}/enterprises/{{enterprise}}/explosive-quality"): INSIDERS,
    ("GET", f"{API}/enterprises/{{enterprise}}/acceptances"): INSIDERS,
    ("POST", f"{API}/enterprises/{{enterprise}}/acceptances"): INSIDERS,
    ("GET", f"{API}/blasts/{{enterprise}}/{{blast_id}}/fume"): EVERYBODY,
    ("POST", f"{API}/blasts/{{enterprise}}/{{blast_id}}/fume"): INSIDERS,
    ("POST", f"{API}/photographs"): INSIDERS,
    ("GET", f"{API}/photographs/{{sha256}}"): INSIDERS,
    ("GET", f"{API}/regional-catalogue/imports"): EVERYBODY,
    ("GET", f"{API}/network"): EVERYBODY,
    ("GET", f"{API}/rivers/reaches"): EVERYBODY,
    ("GET", f"{API}/rivers/outlets"): EVERYBODY,
    ("GET", f"{API}/rivers/travel"): EVERYBODY,
    ("GET", f"{API}/rivers/plume"): EVERYBODY,
    ("GET", f"{API}/parameters"): EVERYBODY,
    ("GET", f"{API}/instruments"): EVERYBODY,
    ("GET", f"{API}/series"): EVERYBODY,
    ("GET", f"{API}/series/{{series_id}}"): EVERYBODY,
    ("GET", f"{API}/series/{{series_id}}/latest"): EVERYBODY,
    ("GET", f"{API}/series/{{series_id}}/observations"): EVERYBODY,
    ("GET", f"{API}/series/{{series_id}}/conflicts"): EVERYBODY,
    ("POST", f"{API}/series/{{series_id}}/decisions"): OPERATORS,
    ("GET", f"{API}/series/{{series_id}}/quality"): EVERYBODY,
    ("GET", f"{API}/quality/tests"): EVERYBODY,
    ("GET", f"{API}/station-health"): EVERYBODY,
    ("GET", f"{API}/stations/{{code}}/visits"): OPERATORS,
    ("POST", f"{API}/stations/{{code}}/visits"): OPERATORS,
    ("GET", f"{API}/latest"): EVERYBODY,
    ("GET", f"{API}/ledger"): EVERYBODY,
    ("GET", f"{API}/rejects"): OPERATORS,
    ("GET", f"{API}/raw/{{raw_id}}"): OPERATORS,
    ("GET", f"{API}/seismic/records"): EVERYBODY,
    ("GET", f"{API}/seismic/records/{{record_id}}"): EVERYBODY,
    ("GET", f"{API}/seismic/records/{{record_id}}/waveform"): EVERYBODY,
    ("GET", f"{API}/seismic/records/{{record_id}}/figure"): EVERYBODY,
    ("GET", f"{API}/seismic/histograms"): EVERYBODY,
    ("GET", f"{API}/alerts"): EVERYBODY,
    ("GET", f"{API}/alerts/{{alert_id}}"): EVERYBODY,
    ("GET", f"{API}/alerts/{{alert_id}}/cap"): EVERYBODY,
    ("GET", "/feeds/alerts.atom"): EVERYBODY,
    ("GET", f"{API}/series/{{series_id}}/evidence"): EVERYBODY,
    ("GET", f"{API}/alerts/{{alert_id}}/evidence"): EVERYBODY,
    ("POST", f"{API}/alerts/{{alert_id}}/evidence-pack"): INSPECTORS,
    ("GET", f"{API}/verifications"): METROLOGISTS,
    ("POST", f"{API}/verifications"): METROLOGISTS,
    ("POST", f"{API}/verifications/import"): METROLOGISTS,
    ("GET", f"{API}/verifications/expiring"): METROLOGISTS,
    ("POST", f"{API}/measuring-methods"): METROLOGISTS,
    ("GET", f"{API}/water-intakes"): AGENCY_ROLES,
    ("POST", f"{API}/water-intakes"): ADMINS,
    ("GET", f"{API}/evidence/days"): EVERYBODY,
    ("GET", f"{API}/evidence/days/{{day}}"): EVERYBODY,
    ("GET", f"{API}/events"): EVERYBODY,
    ("GET", f"{API}/pits"): EVERYBODY,
    ("GET", f"{API}/pits/{{pit}}/law"): EVERYBODY,
    ("GET", f"{API}/pits/{{pit}}/law/figure"): EVERYBODY,
    ("GET", f"{API}/receptors"): EVERYBODY,
    ("GET", f"{API}/blast-forms/{{paper}}"): EVERYBODY,
    ("GET", f"{API}/blast-schemas/{{paper}}"): EVERYBODY,
    ("GET", f"{API}/blasts"): EVERYBODY,
    ("POST", f"{API}/blasts"): ENTERPRISES,
    ("GET", f"{API}/blasts/{{enterprise}}/{{blast_id}}"): EVERYBODY,
    ("PUT", f"{API}/blasts/{{enterprise}}/{{blast_id}}"): ENTERPRISES,
    ("POST", f"{API}/blasts/{{enterprise}}/{{blast_id}}/steps"): ENTERPRISES,
    ("POST", f"{API}/blasts/{{enterprise}}/{{blast_id}}/report"): ENTERPRISES,
    ("GET", f"{API}/blasts/{{enterprise}}/{{blast_id}}/history"): INSIDERS,
    ("GET", f"{API}/blasts/{{enterprise}}/{{blast_id}}/precheck"): INSIDERS,
    ("POST", f"{API}/blasts/precheck"): INSIDERS,
    ("GET", "/precheck"): EVERYBODY,
    PRECHECK_DOOR: EVERYBODY,
    ("GET", f"{API}/blasts/{{enterprise}}/{{blast_id}}/figure"): INSIDERS,
    **dict.fromkeys(DOORS, EVERYBODY),
    ("GET", f"{API}/accounts"): ADMINS,
    ("POST", f"{API}/accounts"): ADMINS,
    ("GET", f"{API}/accounts/{{login}}"): ADMINS,
    ("PUT", f"{API}/accounts/{{login}}/roles"): ADMINS,
    ("POST", f"{API}/accounts/{{login}}/invitation"): ADMINS,
    ("POST", f"{API}/accounts/{{login}}/disabling"): ADMINS,
    ("POST", f"{API}/accounts/{{login}}/enabling"): ADMINS,
    ("GET", f"{API}/audit-log"): ADMINS,
    ("PUT", f"{API}/accounts/{{login}}/openid"): ADMINS,
    ("GET", f"{API}/machine-keys"): ADMINS,
    ("POST", f"{API}/machine-keys"): ADMINS,
    ("DELETE", f"{API}/machine-keys/{{key_id}}"): ADMINS,
    ("GET", f"{API}/device-credentials"): CUSTODIANS,
    ("POST", f"{API}/device-credentials/{{device}}"): CUSTODIANS,
    ("DELETE", f"{API}/device-credentials/{{device}}"): CUSTODIANS,
    ("GET", f"{API}/session/openid"): EVERYBODY,
    ("GET", f"{API}/session/openid/callback"): EVERYBODY,
    ("GET", f"{API}/session"): PEOPLE,
    ("DELETE", f"{API}/session"): PEOPLE,
    ("DELETE", f"{API}/sessions"): PEOPLE,
    ("POST", f"{API}/session/password"): PEOPLE,
    ("POST", f"{API}/session/second-factor"): PEOPLE,
    ("POST", f"{API}/ingest/{{device}}/{{kind}}"): SENDERS,
    ("GET", f"{API}/notices"): OPERATORS,
    ("GET", f"{API}/alerts/{{alert_id}}/notices"): OPERATORS,
    ("GET", f"{API}/cases/{{case_id}}/notices"): INSPECTORS,
    ("POST", f"{API}/notice-messages/{{message_id}}/resend"): KEEPERS,
    ("GET", f"{API}/reaction-norms"): EVERYBODY,
    ("POST", f"{API}/reaction-norms"): KEEPERS,
    ("GET", f"{API}/contacts"): KEEPERS,
    ("POST", f"{API}/contacts"): KEEPERS,
    ("DELETE", f"{API}/contacts/{{contact_id}}"): KEEPERS,
    ("GET", f"{API}/subscription-areas"): EVERYBODY,
    ("GET", f"{API}/push-key"): EVERYBODY,
    ("GET", "/subscription"): EVERYBODY,
    ("GET", "/subscription/push.js"): EVERYBODY,
    ("GET", "/subscription/push-worker.js"): EVERYBODY,
    ("GET", "/subscription/confirm"): EVERYBODY,
    ("GET", "/subscription/leave"): EVERYBODY,
    **dict.fromkeys(SUBSCRIPTION_DOORS, EVERYBODY),
    **dict.fromkeys(CITIZEN_DOORS, EVERYBODY),
    ("GET", "/complaints"): EVERYBODY,
    ("GET", "/complaints/status"): EVERYBODY,
    ("GET", f"{API}/settlements"): EVERYBODY,
    ("GET", "/restrictions"): EVERYBODY,
    ("GET", f"{API}/restrictions"): EVERYBODY,
    ("POST", f"{API}/restrictions"): INSPECTORS,
    ("GET", f"{API}/restrictions/{{restriction_id}}"): EVERYBODY,
    ("GET", f"{API}/restrictions/{{restriction_id}}/check"): INSIDERS,
    ("POST", f"{API}/restrictions/{{restriction_id}}/versions"): INSPECTORS,
    ("POST", f"{API}/restrictions/{{restriction_id}}/acknowledgement"): ENTERPRISES,
    ("GET", f"{API}/complaints"): INSPECTORS,
    ("GET", f"{API}/complaints/{{complaint_id}}"): INSPECTORS,
    ("GET", f"{API}/complaints/{{complaint_id}}/photograph"): INSPECTORS,
    ("POST", f"{API}/complaints/{{complaint_id}}/steps"): INSPECTORS,
    **dict.fromkeys(FDSN, EVERYBODY),
}


def allowed(method: str, route: str, roles: frozenset[Role]) -> bool:
    """True when one of the caller's roles is in the row of the route; HEAD is asked like GET; no row: nobody."""
    row = ACCESS.get(("GET" if method == "HEAD" else method, route))
    return row is not None and not row.isdisjoint(roles)
