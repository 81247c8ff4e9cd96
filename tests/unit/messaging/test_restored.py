"""Which topics a restored database is held against: all that its service tells, under whatever name."""

import pytest

from applicant.main import SERVICE as APPLICANT
from common.event import registered_events
from common.restoring import topics_told_by
from common.service import Service
from contracts.principals import publisher_of
from funding.main import SERVICE as FUNDING
from mentoring.main import SERVICE as MENTORING
from metrics.main import SERVICE as METRICS


@pytest.mark.parametrize("service", [APPLICANT, FUNDING, MENTORING, METRICS], ids=lambda service: service.name)
def test_a_service_is_held_against_all_topics_that_it_tells(service: Service) -> None:
    told = {event.TOPIC for event in registered_events().values() if publisher_of(event) == service.name}
    assert topics_told_by(service) == told
