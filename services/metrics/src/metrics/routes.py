"""The routes that the API of this service serves, feature after feature."""

from collections.abc import Sequence

from fastapi import APIRouter

from metrics.exports.api import routes as exports
from metrics.gauge.api import routes as gauge
from metrics.money.api import routes as money
from metrics.open_data.api import routes as open_data
from metrics.outcomes.api import routes as outcomes
from metrics.pages.api.site import PAGES
from metrics.partners.api import routes as partners
from metrics.practices.api.cases import routes as practices
from metrics.practices.api.published import routes as published_practices
from metrics.practices.api.studies import routes as practice_studies
from metrics.progress.api import routes as progress
from metrics.today.api import routes as today
from metrics.webhooks.api import routes as webhooks

ROUTERS: Sequence[APIRouter] = (
    progress,
    outcomes,
    gauge,
    money,
    today,
    practices,
    published_practices,
    practice_studies,
    partners,
    webhooks,
    exports,
    open_data,
    *PAGES,
)
