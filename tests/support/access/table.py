"""The table of permissions beside what the four services offer, made once for all tests of a run."""

from tests.repo.tree import ROOT
from tests.support.documented import document_of
from tools.catalogue.permissions import Operation, load, operations
from tools.catalogue.system import application, load_system

PERMISSIONS = load()
_SYSTEM = load_system(ROOT)
SERVICES = _SYSTEM.services
TOPICS = sorted({event.TOPIC for event in _SYSTEM.events})
APPLICATIONS = {service.name: application(service) for service in SERVICES}
for _app in APPLICATIONS.values():
    document_of(_app)
OFFERED: list[Operation] = [each for name, app in APPLICATIONS.items() for each in operations(app, name)]
