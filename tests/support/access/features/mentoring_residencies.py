"""A residency of each owner with a session and an item, and one request for each operation on them."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import text

from tests.support.access.worlds import STALE, Ask, Asks, Things, World

SERVICE = "mentoring"

_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
# The plan of the matrix is never matched, so what one would have assigned is planted, and what a team then did.
_PLANT: Mapping[str, str] = {
    "team": """
        INSERT INTO mentor_team (id, cohort_id, title, base_municipality_code, state, formed_by, formed_at, version)
        SELECT gen_random_uuid(), cohort_id, 'planted', '52130', 'ACTIVE', 'planted one', now(), 1
        FROM mentor_team WHERE id = cast(:team AS uuid) RETURNING id
    """,
    "member": """
        INSERT INTO team_member (team_id, mentor_id, leads, serves)
        VALUES (cast(:team AS uuid), cast(:mentor AS uuid), false, false) RETURNING mentor_id
    """,
    "lead": """
        INSERT INTO team_member (team_id, mentor_id, leads, serves)
        VALUES (cast(:team AS uuid), cast(:mentor AS uuid), true, false) RETURNING mentor_id
    """,
    "project": """
        UPDATE waiting_project SET company_id = coalesce(cast(:company AS uuid), gen_random_uuid())
        WHERE project_id = cast(:project AS uuid) RETURNING project_id
    """,
    "residency": """
        INSERT INTO residency (id, rotation_id, project_id, team_id, plan_id, municipality_code, first_week, weeks,
            state, assigned_at, changed_at, answer_due_at, rule_version, version)
        SELECT gen_random_uuid(), gen_random_uuid(), project_id, cast(:team AS uuid), cast(:plan AS uuid),
            municipality_code, date '2024-06-03', 8, 'ASSIGNED', now(), now(), now() + interval '7 days', 'matrix', 1
        FROM waiting_project WHERE project_id = cast(:project AS uuid) RETURNING id
    """,
    "pause": """
        INSERT INTO project_pause (suspension_id, project_id, cause, suspended_on, changed_at)
        SELECT gen_random_uuid(), project_id, 'SUPPLIER_INSOLVENT', date '2024-06-06', now()
        FROM waiting_project WHERE project_id = cast(:project AS uuid) RETURNING project_id
    """,
    "session": """
        INSERT INTO mentor_session (id, residency_id, held_on, minutes, place, mentor_ids, recorded_by, recorded_at,
            version)
        VALUES (gen_random_uuid(), cast(:residency AS uuid), date '2024-06-05', 60, 'AT_FIRM',
            ARRAY[cast(:mentor AS uuid)], 'planted one', now(), 1) RETURNING id
    """,
    "item": """
        INSERT INTO improvement_item (id, residency_id, kpi, before_sha256, state, found_by, found_at, changed_by,
            changed_at, version)
        VALUES (gen_random_uuid(), cast(:residency AS uuid), 'COST', :sha256, 'FOUND', 'planted one', now(),
            'planted one', now(), 1) RETURNING id
    """,
}


def _of(things: Things, what: str, body: Mapping[str, object] | None = None) -> Ask:
    return Ask("POST", f"/v1/residencies/{things['residency']}/{what}", body, version=STALE)


def _item(things: Things, what: str, body: Mapping[str, object] | None = None) -> Ask:
    return Ask("POST", f"/v1/improvement-items/{things['item']}/{what}", body, version=STALE)


def _session(things: Things) -> Mapping[str, object]:
    return {"held_on": "2024-06-05", "minutes": 60, "place": "AT_FIRM", "mentor_ids": [things["mentor"]]}


_ASKS: Asks = {
    "acceptResidency": lambda things: _of(things, "acceptances"),
    "declineResidency": lambda things: _of(things, "declines", {"reason": "DATES_DO_NOT_FIT"}),
    "startResidency": lambda things: _of(things, "starts"),
    "endResidency": lambda things: _of(things, "ends"),
    "listResidencies": lambda things: Ask(
        "GET", "/v1/residencies", query={"page_size": 100}, shows=things["residency"]
    ),
    "getTeamCalendarFeed": lambda things: Ask("GET", f"/v1/mentor-teams/{things['team']}/calendar.ics"),
    "getResidency": lambda things: Ask("GET", f"/v1/residencies/{things['residency']}"),
    "getVisits": lambda things: Ask("GET", f"/v1/residencies/{things['residency']}/visits"),
    "recordSession": lambda things: replace(_of(things, "sessions", _session(things)), version=None),
    "confirmSession": lambda things: Ask(
        "POST", f"/v1/mentor-sessions/{things['session']}/confirmations", version=STALE
    ),
    "findItem": lambda things: replace(
        _of(things, "improvement-items", {"kpi": "COST", "before_sha256": _SHA256}), version=None
    ),
    "agreeItem": lambda things: _item(things, "agreements"),
    "beginItem": lambda things: _item(things, "beginnings"),
    "closeItem": lambda things: _item(things, "closings", {"after_sha256": _SHA256}),
    "rejectItem": lambda things: _item(things, "rejections", {"reason": "NO_BENEFIT"}),
}


async def add_to(world: World) -> World:
    """The same service with residencies at the firms of two companies of two municipalities, by two teams."""
    before = world.own

    async def planted(things: dict[str, str | None], *kinds: str) -> dict[str, str]:
        async with world.owner.transaction() as tx:
            for kind in kinds:
                made = await tx.execute(text(_PLANT[kind]), {**things, "sha256": _SHA256})
                if kind not in {"member", "lead", "project", "pause"}:
                    things[kind] = str(made.scalar_one())
        return {kind: str(things[kind]) for kind in ("team", "residency", "session", "item")}

    own = before("mentor")
    mine = await planted(
        {**own, "company": world.company}, "member", "project", "residency", "pause", "session", "item"
    )  # fmt: skip
    others = await planted(
        {**world.other, "company": None}, "team", "lead", "project", "residency", "pause", "session", "item"
    )
    return replace(
        world,
        asks={**world.asks, **_ASKS},
        own=lambda role: {**before(role), **mine},
        other={**world.other, **others},
    )
