"""A survey with every trap in it: firms of four places, and a report of each that counts, or does not for one reason each."""

from contracts.applicant import ProjectSelected
from contracts.roles import Role
from tests.support.builders import project_selected
from tests.support.listening import NOW, Listener
from tests.support.outcomes import built, report, said, verified

PLACES = ["52110"] * 12 + ["52130"] * 9 + ["52140"] * 4 + ["52710"] * 3


async def surveyed(metrics: Listener) -> list[ProjectSelected]:
    """Twenty-eight firms of four places, with every trap among them; their wave is due and published."""
    firms = [
        project_selected(municipality_code=place, track="A" if at % 5 == 0 else "B", type_code=f"JS{1 + at % 2}")
        for at, place in enumerate(PLACES)
    ]
    await built(metrics, *firms)
    for at, firm in enumerate(firms):
        if at % 9 == 8:
            silence = {"wave": "COMPLETION", "reason": "CLOSED" if at == 8 else "REFUSED"}
            path = f"/v1/projects/{firm.project_id}/outcome-silences"
            assert (await metrics.post(path, silence, role=Role.TECHNOPARK_OPERATOR)).status_code == 201
            continue
        defects = 0 if at == 3 else 20 + at
        before = {"P1": (1000 + at, 10), "Q1": (defects, 1000), "D1": (800 + at, 1000), "C1": (5000, 10 + at)}
        after = {
            "P1": (1200 + 37 * at, 11),
            "Q1": (11 + at % 7, 1000),
            "D1": (850 + 3 * at, 1000),
            "C1": (4000, 9 + at),
        }
        if at == 4:
            after["P1"] = (9000, 10)  # an outlier that nobody has looked at
        if at == 6:
            after["P1"] = (9000, 10)  # and one that somebody has
        if at != 5:
            await verified(metrics, firm, said("BASELINE", before))
        body = said("COMPLETION", after, product_changed=at == 7)
        if at == 10:
            assert (await report(metrics, firm, body)).status_code == 201  # nobody has decided yet
        else:
            await verified(metrics, firm, body, checked_outliers=["P1"] if at == 6 else [])
    metrics.clock.move_to(NOW)
    return firms
