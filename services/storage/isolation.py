"""What keeps each table's rows apart, decided table by table; row-level security itself is in migrations 0014 and 0015.

A table is under policies, or it is CLOSED (row-level security without a policy: the role `uskat_api` sees no row and
adds none), or it stands in UNBOUND with the reason. tests/integration/test_isolation.py compares with the database, so
that a new table without a decision fails.
"""

from collections.abc import Mapping

_READINGS = "published readings are everybody's, and which series may be asked for is decided at `series`, under policy"
_HYPERTABLE = f"{_READINGS}; a compressed hypertable takes no policies"
_OF_SERIES = f"made from readings: {_READINGS}"
_PUBLIC = "public"
_RULES = "rules, public with their history"

CLOSED: Mapping[str, str] = {
    "refresh_token": "sign-ins are carried on by the owner: whoever brings the token",
    "access_token": "who asks is found out by the owner, before anybody is acted for",
    "sign_in_failure": "counted by the owner, for people who are nobody yet",
    "sign_in_request": "sign-ins on their way, for people who are nobody yet",
    "chain_head": "state of ingest",
    "ingest_lane": "state of ingest",
    "detector_state": "state of the alerts process",
    "detector_snapshot": "state of the alerts process",
    "notification_log": "state of the alerts process",
    "register_packet": "outbox of the state register, sent by the notices process",
}
"""Tables that no caller of the API reads or writes in its own name, and who does."""

UNBOUND: Mapping[str, str] = {
    "raw_message": "a compressed hypertable takes no policies: the role may nothing here and reads raw_message_seen",
    "observation": _HYPERTABLE,
    "seismic_record": _HYPERTABLE,
    "observation_conflict": _OF_SERIES,
    "interval_20min": _OF_SERIES,
    "interval_pending": _OF_SERIES,
    "rollup": _OF_SERIES,
    "quality_interval": _OF_SERIES,
    "quality_day": _OF_SERIES,
    "histogram_interval": "triggers of seismographs, counted: what the ground does is everybody's",
    "blast_event": "what the ground did is everybody's; whose blast it was is looked up in `blast`, under policy",
    "blast_record": "features of records that are everybody's",
    "catalogue_event": f"catalogue of the seismological service, {_PUBLIC}",
    "catalogue_import": f"catalogue of the seismological service, {_PUBLIC}",
    "organisation": f"{_PUBLIC}: names and codes; no people",
    "territory": f"{_PUBLIC}: who supervises where",
    "agency_territory": f"{_PUBLIC}: who supervises where",
    "river": _PUBLIC,
    "reach_calibration": f"coefficients with their source, {_PUBLIC}",
    "place": f"{_PUBLIC}: settlements, outlets and pits on the map",
    "pit": f"{_PUBLIC}: outlines on the map",
    "receptor": f"{_PUBLIC}: what is protected stands on the map",
    "site_law": f"attenuation of a site, {_PUBLIC} with its data",
    "water_intake": "where water is drawn concerns every agency along the river; only agencies have the routes",
    "parameter": _PUBLIC,
    "explosive_product": f"passports of products, {_PUBLIC}",
    "nmu_warning": f"warnings of the weather service, {_PUBLIC}",
    "weather_hour": _PUBLIC,
    "alert_policy": _RULES,
    "case_policy": _RULES,
    "reaction_norm": _RULES,
    "sealed_day": f"signed roots are {_PUBLIC} by their purpose",
    "seal_check": f"whether a sealed day agrees is {_PUBLIC}",
    "journal": "work for detectors: which stretch of time is judged again, no value",
    "station_work": "when a station was judged last, no value",
}
"""Tables without row-level security, and why."""
