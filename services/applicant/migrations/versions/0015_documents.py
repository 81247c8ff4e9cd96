"""Documents: announced, sealed or refused, in editions; their contents are in the object store."""

from alembic import op

from common import row_security_v1 as rows

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE document (
        id UUID NOT NULL,
        project_id UUID NOT NULL,
        kind TEXT NOT NULL,
        media_type TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        size_bytes BIGINT NOT NULL,
        replaces UUID,
        edition BIGINT NOT NULL,
        state TEXT NOT NULL,
        refused_because TEXT,
        parts BIGINT NOT NULL,
        received_bytes BIGINT NOT NULL,
        announced_at TIMESTAMPTZ NOT NULL,
        sealed_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        CONSTRAINT document_pkey PRIMARY KEY (id),
        CONSTRAINT document_replaces_key UNIQUE (replaces),
        CONSTRAINT document_project_id_fkey FOREIGN KEY (project_id) REFERENCES build (project_id),
        CONSTRAINT document_replaces_fkey FOREIGN KEY (replaces) REFERENCES document (id),
        CONSTRAINT document_state_check CHECK (
            state IN ('UPLOADING', 'SEALED', 'REFUSED', 'EXPIRED')
            AND (state = 'SEALED') = (sealed_at IS NOT NULL)
            AND (state = 'REFUSED') = (refused_because IS NOT NULL)
            AND received_bytes <= size_bytes AND (state <> 'SEALED' OR received_bytes = size_bytes)
        )
    )
    """,
    "CREATE INDEX document_project_id_id_idx ON document (project_id, id)",
    "CREATE INDEX document_sha256_idx ON document (sha256) WHERE state = 'SEALED'",
    "CREATE INDEX document_uploading_idx ON document (announced_at) WHERE state = 'UPLOADING'",
    # What was sealed is evidence: nobody makes it another one.
    """
    CREATE FUNCTION document_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        IF OLD.state <> 'UPLOADING' OR (NEW.sha256, NEW.project_id, NEW.size_bytes, NEW.media_type)
                IS DISTINCT FROM (OLD.sha256, OLD.project_id, OLD.size_bytes, OLD.media_type) THEN
            RAISE EXCEPTION 'document % is %, which stays', OLD.id, OLD.state USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER document_guard BEFORE UPDATE ON document FOR EACH ROW EXECUTE FUNCTION document_guard()",
    """
    CREATE TRIGGER document_keeps BEFORE DELETE OR TRUNCATE ON document
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    DO $$
    DECLARE app text := replace(current_user, '_owner', '_app');
    BEGIN
        IF app <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON document FROM %I', app);
            EXECUTE format('GRANT UPDATE (state, refused_because, replaces, parts, received_bytes, sealed_at, version)
                            ON document TO %I', app);
        END IF;
    END $$
    """,
)
_COMPANY = rows.tenant_id_of("company.owner", "company.staff")
_SEES = "EXISTS (SELECT FROM build WHERE build.project_id = document.project_id)"
_OF_OWN_BUILD = f"EXISTS (SELECT FROM build WHERE build.project_id = document.project_id AND company_id = {_COMPANY})"


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    writes = f"{rows.is_one_of('service', 'technopark.operator')} OR {_OF_OWN_BUILD}"
    rows.secure(op, "document", sees=_SEES, writes=writes)


def downgrade() -> None:
    rows.expose(op, "document")
    op.execute("DROP TABLE document")
    op.execute("DROP FUNCTION document_guard()")
