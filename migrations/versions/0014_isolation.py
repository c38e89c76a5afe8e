"""Row-level security: whoever acts through the API sees and writes what is theirs (services/storage/caller.py).

The policies bind the role `uskat_api`, which the API takes for one transaction; the owner of the tables, as whom ingest
and alerts work, is not bound. Without a policy that lets a row through it is not there. What everybody may know of a
confidential row is read by the owner, in queries that choose the columns.
"""

from alembic import op

revision = "0014_isolation"
down_revision = "0013_alert_causes"
branch_labels = None
depends_on = None

ROLE = (
    """
    DO $$
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'uskat_api') THEN
            CREATE ROLE uskat_api NOLOGIN;
        END IF;
    EXCEPTION
        WHEN duplicate_object OR unique_violation THEN NULL;
        WHEN insufficient_privilege THEN
            RAISE WARNING 'may not create the role uskat_api: the API refuses whatever needs it until a superuser does';
    END
    $$
    """,
    """
    DO $$
    BEGIN
        IF NOT pg_has_role(current_user, 'uskat_api', 'MEMBER') THEN
            EXECUTE format('GRANT uskat_api TO %I', current_user);
        END IF;
        GRANT USAGE ON SCHEMA public TO uskat_api;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO uskat_api;
        GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO uskat_api;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO uskat_api;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO uskat_api;
    EXCEPTION
        WHEN undefined_object OR insufficient_privilege THEN
            RAISE WARNING 'uskat_api was granted nothing: %', SQLERRM;
    END
    $$
    """,
)

# STABLE and of one expression: the planner puts them into the query. Outside of the role nothing is withheld.
FUNCTIONS = (
    """
    CREATE FUNCTION uskat_said(name text) RETURNS text LANGUAGE sql STABLE AS $$
        SELECT nullif(current_setting('uskat.' || name, true), '')
    $$
    """,
    """
    CREATE FUNCTION uskat_everything() RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT current_user <> 'uskat_api' OR coalesce(uskat_said('everything') = 'on', false)
    $$
    """,
    """
    CREATE FUNCTION uskat_in_territory(code text) RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT uskat_everything() OR coalesce(code = ANY (string_to_array(uskat_said('territories'), ',')), false)
    $$
    """,
    """
    CREATE FUNCTION uskat_at_station(station integer) RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT uskat_everything()
            OR EXISTS (SELECT FROM station s WHERE s.id = $1 AND uskat_in_territory(s.territory))
    $$
    """,
    """
    CREATE FUNCTION uskat_inspects() RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT coalesce('inspector' = ANY (string_to_array(uskat_said('roles'), ',')), false)
    $$
    """,
    """
    CREATE FUNCTION uskat_at_pit(pit integer) RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT uskat_everything()
            OR uskat_inspects() AND EXISTS (SELECT FROM pit p JOIN place l ON l.kind = 'pit' AND l.code = p.code
                       WHERE p.id = $1 AND uskat_in_territory(l.territory))
    $$
    """,
    """
    CREATE FUNCTION uskat_is_own(organisation integer) RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT uskat_everything()
            OR EXISTS (SELECT FROM organisation o WHERE o.id = $1 AND o.code = uskat_said('enterprise'))
    $$
    """,
    """
    CREATE FUNCTION uskat_oversees(organisation integer) RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT uskat_everything()
            OR uskat_inspects() AND EXISTS (
                SELECT FROM pit p JOIN place l ON l.kind = 'pit' AND l.code = p.code
                WHERE p.organisation_id = $1 AND uskat_in_territory(l.territory))
    $$
    """,
)

OF_STATION = "published AND EXISTS (SELECT FROM station s WHERE s.id = station_id) OR uskat_at_station(station_id)"
BROUGHT = "uskat_everything() OR organisation = uskat_said('organisation')"
OF_BLAST = "EXISTS (SELECT FROM blast b WHERE b.id = blast_id)"
OF_ALERT = """EXISTS (SELECT FROM alert a WHERE a.id = alert_id AND uskat_at_station(a.station_id))"""
INSIDER = "uskat_is_own(organisation_id) OR uskat_oversees(organisation_id)"
OF_CASE = "EXISTS (SELECT FROM case_file f WHERE f.id = case_id)"
OF_COMPLAINT = "EXISTS (SELECT FROM complaint c WHERE c.id = complaint_id)"
OF_AGENCY = "uskat_everything() OR agency = uskat_said('agency')"
POLICIES: tuple[tuple[str, str, str, str], ...] = (
    # table, policy, command, condition
    ("station", "seen", "SELECT", "published OR uskat_in_territory(territory)"),
    ("station", "kept", "UPDATE", "uskat_in_territory(territory)"),
    ("series", "seen", "SELECT", OF_STATION),
    ("series", "kept", "UPDATE", "uskat_at_station(station_id)"),
    ("alert", "seen", "SELECT", OF_STATION),
    ("alert", "kept", "UPDATE", "uskat_at_station(station_id)"),
    ("alert_step", "seen", "SELECT", OF_ALERT),
    ("alert_step", "added", "INSERT", OF_ALERT),
    ("alert_handling", "kept", "ALL", OF_ALERT),
    ("ledger", "seen", "SELECT", "station_id = 0 OR EXISTS (SELECT FROM station s WHERE s.id = station_id)"),
    ("rejected", "seen", "SELECT", "uskat_at_station(station_id)"),
    ("station_visit", "seen", "SELECT", "uskat_at_station(station_id)"),
    ("station_visit", "added", "INSERT", "uskat_at_station(station_id)"),
    ("observation_decision", "seen", "SELECT", "EXISTS (SELECT FROM series s WHERE s.id = series_id)"),
    ("observation_decision", "added", "INSERT",
     "EXISTS (SELECT FROM series s WHERE s.id = series_id AND uskat_at_station(s.station_id))"),
    ("pit_rule", "seen", "SELECT", "true"),
    ("pit_rule", "added", "INSERT", "uskat_at_pit(pit_id)"),
    ("blast", "seen", "SELECT", "uskat_is_own(organisation_id) OR uskat_at_pit(pit_id)"),
    ("blast", "filed", "INSERT", "uskat_is_own(organisation_id)"),
    ("blast", "kept", "UPDATE", "uskat_is_own(organisation_id)"),
    ("blast_revision", "seen", "SELECT", OF_BLAST),
    ("blast_revision", "added", "INSERT", OF_BLAST),
    ("blast_report", "seen", "SELECT", OF_BLAST),
    ("blast_report", "added", "INSERT", OF_BLAST),
    ("fume_rating", "seen", "SELECT", OF_BLAST),
    ("fume_rating", "added", "INSERT", OF_BLAST),
    ("photograph", "seen", "SELECT",
     f"""{BROUGHT} OR EXISTS (SELECT FROM fume_rating f WHERE f.photo = photograph.sha256)
        OR EXISTS (SELECT FROM case_photograph c WHERE c.sha256 = photograph.sha256)"""),
    ("photograph", "added", "INSERT", BROUGHT),
    ("explosive_acceptance", "seen", "SELECT", INSIDER),
    ("explosive_acceptance", "added", "INSERT", INSIDER),
    ("explosive_permit", "seen", "SELECT", f"organisation_id IS NULL OR {INSIDER}"),
    ("explosive_permit", "added", "INSERT", "organisation_id IS NULL OR uskat_oversees(organisation_id)"),
    ("case_file", "kept", "ALL",
     "uskat_everything() OR agency = uskat_said('agency') AND (territory IS NULL OR uskat_in_territory(territory))"),
    ("case_step", "seen", "SELECT", OF_CASE),
    ("case_step", "added", "INSERT", OF_CASE),
    ("case_alert", "kept", "ALL", OF_CASE),
    ("case_complaint", "kept", "ALL", OF_CASE),
    ("case_photograph", "kept", "ALL", OF_CASE),
    ("complaint", "kept", "ALL", "uskat_in_territory(territory)"),
    ("complaint_person", "kept", "ALL",
     "uskat_inspects() AND EXISTS (SELECT FROM complaint c WHERE c.id = complaint_id)"),
    ("complaint_step", "seen", "SELECT", OF_COMPLAINT),
    ("complaint_step", "added", "INSERT", OF_COMPLAINT),
    ("complaint_link", "kept", "ALL", OF_COMPLAINT),
    ("subscription", "seen", "SELECT", "uskat_everything()"),
    ("duty_shift", "kept", "ALL", OF_AGENCY),
)  # fmt: skip
TABLES = tuple(dict.fromkeys(table for table, *_ in POLICIES))

# What everybody may know of rows that are not everybody's: a view reads with the rights of its owner.
VIEWS = {
    "alert_verdict": "SELECT alert_id, attention, review, reason FROM alert_handling",
    "announced_blast": """
        SELECT b.id, b.code, o.code AS enterprise, coalesce(b.fired_at, b.planned_from) AS starts_at,
            coalesce(b.fired_at, b.planned_to) AS ends_at, b.longitude, b.latitude,
            CAST(b.passport->'danger_zone'->>'people_m' AS double precision) AS danger_zone_m
        FROM blast b JOIN organisation o ON o.id = b.organisation_id WHERE b.status NOT IN ('planned', 'cancelled')
    """,
}
BROUGHT_BY = "nullif(current_setting('uskat.organisation', true), '')"


def upgrade() -> None:
    """Create the role, the functions and the policies; say it where the role may not be created."""
    op.execute(f"ALTER TABLE photograph ADD COLUMN organisation TEXT DEFAULT {BROUGHT_BY}")
    for view, query in VIEWS.items():
        op.execute(f"CREATE VIEW {view} AS {query}")
    for statement in (*FUNCTIONS, *ROLE):
        op.execute(statement)
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    for table, name, command, condition in POLICIES:
        checked = {"SELECT": "USING ({0})", "INSERT": "WITH CHECK ({0})"}.get(command, "USING ({0}) WITH CHECK ({0})")
        op.execute(f"CREATE POLICY {name} ON {table} FOR {command} {checked.format(condition)}")


def downgrade() -> None:
    """Withhold nothing any more; the role stays, for it belongs to the server and not to this database."""
    for table, name, *_ in POLICIES:
        op.execute(f"DROP POLICY {name} ON {table}")
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute(f"DROP VIEW {', '.join(VIEWS)}")
    op.execute("ALTER TABLE photograph DROP COLUMN organisation")
    for function in reversed(FUNCTIONS):
        op.execute("DROP FUNCTION " + function.split("FUNCTION ")[1].split("(")[0])
