"""Row-level security for what had none: people, keys, contacts, notices, papers of instruments, the audit log.

What no caller of the API touches in its own name has row-level security and no policy: it is closed to the role
`uskat_api`, whatever that role was granted. services/storage/isolation.py tells of every table which of this it has.
"""

from alembic import op

revision = "0015_more_isolation"
down_revision = "0014_isolation"
branch_labels = None
depends_on = None

FUNCTIONS = (
    """
    CREATE FUNCTION uskat_has_role(role text) RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT coalesce(role = ANY (string_to_array(uskat_said('roles'), ',')), false)
    $$
    """,
    # An admin of an agency: its own people and keys, and those of enterprises that lie in its territories.
    """
    CREATE FUNCTION uskat_manages(organisation integer) RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT uskat_has_role('admin') AND EXISTS (
            SELECT FROM organisation o WHERE o.id = $1 AND (o.code = uskat_said('agency') OR o.kind = 'enterprise' AND (
                EXISTS (SELECT FROM station s WHERE s.organisation_id = o.id AND uskat_in_territory(s.territory))
                OR EXISTS (SELECT FROM place p WHERE p.organisation_id = o.id AND uskat_in_territory(p.territory)))))
    $$
    """,
    # What has to be known of rows that are not one's own, and no more than that: a name is taken, or it is not.
    """
    CREATE FUNCTION uskat_key_is_called(name text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = public, pg_temp
        AS $$ SELECT EXISTS (SELECT FROM api_token t WHERE lower(t.name) = lower($1)) $$
    """,
    """
    CREATE FUNCTION uskat_person_is_called(name text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = public, pg_temp
        AS $$ SELECT EXISTS (SELECT FROM account a WHERE a.login = lower($1)) $$
    """,
    """
    CREATE FUNCTION uskat_subject_is_taken(issuer text, subject text, account integer) RETURNS boolean
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
        AS $$ SELECT EXISTS (SELECT FROM account a WHERE a.oidc_issuer = $1 AND a.oidc_subject = $2 AND a.id <> $3) $$
    """,
)
VIEWS = {
    "contact_role": "SELECT id, role FROM contact",
    # Compressed hypertables take no policies: the role reads raw messages through this view and no other way.
    "raw_message_seen": """
        SELECT * FROM raw_message m WHERE uskat_everything()
            OR EXISTS (SELECT FROM device d WHERE d.id = m.device_id AND uskat_at_station(d.station_id))
    """,
}
NO_RAW = """
    DO $$
    BEGIN
        REVOKE ALL ON raw_message FROM uskat_api;
        -- A view of one table can be written through, with the rights of its owner.
        REVOKE INSERT, UPDATE, DELETE ON contact_role, raw_message_seen, alert_verdict, announced_blast FROM uskat_api;
    EXCEPTION
        WHEN undefined_object OR insufficient_privilege THEN
            RAISE WARNING 'nothing was taken from uskat_api: %', SQLERRM;
    END
    $$
"""
RAW_AGAIN = """
    DO $$
    BEGIN
        GRANT SELECT, INSERT, UPDATE, DELETE ON raw_message TO uskat_api;
    EXCEPTION
        WHEN undefined_object OR insufficient_privilege THEN NULL;
    END
    $$
"""

OF_STATION = "EXISTS (SELECT FROM station s WHERE s.id = station_id)"
OF_DEVICE = "EXISTS (SELECT FROM device d WHERE d.id = device_id)"
OF_INSTRUMENT = "EXISTS (SELECT FROM instrument i WHERE i.id = instrument_id)"
AT_INSTRUMENT = """EXISTS (SELECT FROM instrument i JOIN device d ON d.id = i.device_id
    WHERE i.id = instrument_id AND uskat_at_station(d.station_id))"""
OF_ALERT = "EXISTS (SELECT FROM alert a WHERE a.id = alert_id)"
AT_ALERT = "uskat_everything() OR EXISTS (SELECT FROM alert a WHERE a.id = alert_id AND uskat_at_station(a.station_id))"
OF_ACCOUNT = "EXISTS (SELECT FROM account a WHERE a.id = account_id)"
OWN_ACCOUNT = "id = CAST(uskat_said('account') AS integer) OR uskat_manages(organisation_id)"
CONTACTS = "uskat_everything() OR uskat_has_role('admin') AND uskat_in_territory(territory)"
DEEDS = """uskat_everything()
    OR organisation = uskat_said('organisation') AND (uskat_has_role('admin') OR who = uskat_said('name'))"""
OF_AGENCY = "uskat_everything() OR agency = uskat_said('agency')"
POLICIES: tuple[tuple[str, str, str, str], ...] = (
    # table, policy, command, condition
    ("account", "seen", "SELECT", OWN_ACCOUNT),
    ("account", "made", "INSERT", "uskat_manages(organisation_id)"),
    ("account", "kept", "UPDATE", OWN_ACCOUNT),
    ("session_family", "seen", "SELECT", OF_ACCOUNT),
    ("session_family", "ended", "UPDATE", OF_ACCOUNT),
    ("api_token", "seen", "SELECT", "uskat_manages(organisation_id)"),
    ("api_token", "issued", "INSERT", "uskat_manages(organisation_id)"),
    ("api_token", "kept", "UPDATE", "uskat_manages(organisation_id)"),
    ("audit_log", "seen", "SELECT", DEEDS),
    ("audit_log", "added", "INSERT", "uskat_everything() OR organisation IS NOT DISTINCT FROM uskat_said('organisation')"),
    ("contact", "seen", "SELECT", CONTACTS),
    ("contact", "entered", "INSERT", CONTACTS),
    ("contact", "kept", "UPDATE", CONTACTS),
    ("notice", "seen", "SELECT", AT_ALERT),
    ("notice_message", "seen", "SELECT",
     "uskat_everything() OR EXISTS (SELECT FROM notice n WHERE n.message_id = notice_message.id)"),
    ("notice_attempt", "seen", "SELECT", "EXISTS (SELECT FROM notice_message m WHERE m.id = message_id)"),
    ("notice_pending", "added", "INSERT", f"alert_id IS NULL OR {AT_ALERT}"),
    ("device", "seen", "SELECT", OF_STATION),
    ("device", "kept", "UPDATE", "uskat_at_station(station_id)"),
    ("instrument", "seen", "SELECT", OF_DEVICE),
    ("instrument_verification", "seen", "SELECT", OF_INSTRUMENT),
    ("instrument_verification", "entered", "INSERT", AT_INSTRUMENT),
    ("measuring_method", "seen", "SELECT", OF_INSTRUMENT),
    ("measuring_method", "entered", "INSERT", AT_INSTRUMENT),
    ("device_status", "seen", "SELECT", OF_DEVICE),
    ("evidence_pack", "seen", "SELECT", AT_ALERT),
    ("evidence_pack", "added", "INSERT", AT_ALERT),
    ("alert_event", "seen", "SELECT", OF_ALERT),
    ("alert_cause", "seen", "SELECT", OF_ALERT),
    ("restriction_decision", "seen", "SELECT", "true"),
    ("restriction_decision", "issued", "INSERT", OF_AGENCY),
    ("restriction_decision", "kept", "UPDATE", OF_AGENCY),
    ("restriction_version", "seen", "SELECT", "true"),
    ("restriction_version", "added", "INSERT",
     f"EXISTS (SELECT FROM restriction_decision r WHERE r.id = restriction_id AND ({OF_AGENCY}))"),
    ("restriction_acknowledgement", "seen", "SELECT", "true"),
    ("restriction_acknowledgement", "added", "INSERT", "enterprise = uskat_said('enterprise')"),
)  # fmt: skip
CLOSED = (
    "refresh_token", "access_token", "sign_in_failure", "sign_in_request", "chain_head", "ingest_lane",
    "detector_state", "detector_snapshot", "notification_log", "register_packet",
)  # fmt: skip
TABLES = (*dict.fromkeys(table for table, *_ in POLICIES), *CLOSED)


def upgrade() -> None:
    """Create the functions, the views and the policies; close what is nobody's."""
    for statement in FUNCTIONS:
        op.execute(statement)
    for view, query in VIEWS.items():
        op.execute(f"CREATE VIEW {view} WITH (security_barrier) AS {query}")
    op.execute(NO_RAW)
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    for table, name, command, condition in POLICIES:
        checked = {"SELECT": "USING ({0})", "INSERT": "WITH CHECK ({0})"}.get(command, "USING ({0}) WITH CHECK ({0})")
        op.execute(f"CREATE POLICY {name} ON {table} FOR {command} {checked.format(condition)}")


def downgrade() -> None:
    """As it was: these tables are kept apart by the questions alone."""
    for table, name, *_ in POLICIES:
        op.execute(f"DROP POLICY {name} ON {table}")
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute(RAW_AGAIN)
    op.execute(f"DROP VIEW {', '.join(VIEWS)}")
    for function in reversed(FUNCTIONS):
        op.execute("DROP FUNCTION " + function.split("FUNCTION ")[1].split("(")[0])
