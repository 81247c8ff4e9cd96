"""A scenario with more plans than it tells of: the same proportions, firms that are nobody else's, and clear limits."""

import pytest

from smartfactory.scenarios import model
from smartfactory.scenarios.firms import cast_of
from smartfactory.scenarios.scale import MOST_APPLICATIONS, ScaleRefused, scaled_name

OWN = 176


@pytest.mark.parametrize("applications", [OWN, OWN + 1, 10_000])
def test_a_larger_season_has_so_many_plans_in_the_same_proportions(applications: int) -> None:
    before, after = model.load("track-b-2024"), model.load(f"track-b-2024@{applications}")
    assert sum(part.plans_total.value for part in after.types.values()) == applications
    assert list(model.contradictions(after)) == []
    for name, part in before.types.items():
        assert after.types[name].seats == part.seats
        for code, plans in part.plans.value.items():
            exact = plans * applications / OWN
            assert exact - 1 < after.types[name].plans.value[code] < exact + 1


@pytest.mark.parametrize("applications", [OWN - 1, MOST_APPLICATIONS + 1])
def test_too_few_or_too_many_are_refused_with_the_limits(applications: int) -> None:
    with pytest.raises(ScaleRefused) as refused:
        model.programme(f"track-b-2024@{applications}", 2024)
    assert "176" in refused.value.what.en
    assert "99,999" in refused.value.what.en


@pytest.mark.parametrize("name", ["track-b-2024@", "track-b-2024@many", "track-b-2024@-5", "@12", "@"])
def test_what_is_no_number_belongs_to_a_name_that_does_not_exist(name: str) -> None:
    with pytest.raises(model.UnknownScenarioError):
        model.programme(name, 2024)


def test_its_firms_are_nobody_elses() -> None:
    large = {
        each.firm.business_number for each in cast_of(model.load(scaled_name("track-b-2024", 10_000)), 1).applications
    }
    assert len(large) == 10_000
    of_another_seed = cast_of(model.load("track-b-2024@10000"), 2).applications
    of_other_years = [
        *cast_of(model.load("track-b-2025"), 1).applications,
        *cast_of(model.load("track-a-2022"), 1).applications,
    ]
    assert large.isdisjoint(each.firm.business_number for each in [*of_another_seed, *of_other_years])


def test_before_it_come_the_same_seasons() -> None:
    names = [each.name for each in model.programme("track-b-2024@500", 2024)]
    assert names == ["track-a-2022", "track-a-2023", "track-b-2024@500"]
