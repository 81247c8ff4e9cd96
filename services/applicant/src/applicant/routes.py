"""The routes that the API of this service serves, feature after feature."""

from collections.abc import Sequence

from fastapi import APIRouter

from applicant.accounts.api.appointments import routes as appointments
from applicant.accounts.api.revocations import routes as revocations
from applicant.accounts.api.staff import routes as staff
from applicant.agreements.api import routes as agreements
from applicant.amendments.api import routes as amendments
from applicant.applications.api.company import routes as applying
from applicant.applications.api.company import withdrawal_routes
from applicant.applications.api.operator import routes as screening
from applicant.applications.api.reading import reading_routes
from applicant.builds.api import routes as builds
from applicant.calls.api import publishing_routes
from applicant.calls.api import routes as calls
from applicant.companies.api import routes as companies
from applicant.deadlines.api import routes as deadlines
from applicant.disclosures.api import routes as disclosures
from applicant.documents.api import routes as documents
from applicant.evaluations.api import routes as evaluations
from applicant.evaluations.queries import assigned_cases
from applicant.forum.api.campaigns import routes as campaigns
from applicant.forum.api.courses import routes as courses
from applicant.forum.api.visits import routes as forum_visits
from applicant.inspections.api.completion import routes as completions
from applicant.inspections.api.interim import routes as inspections
from applicant.lookbacks.api import routes as lookbacks
from applicant.mailboxes.api import routes as mailboxes
from applicant.notices.api import routes as notices
from applicant.objections.api import routes as objections
from applicant.past_supports.api import routes as past_supports
from applicant.projects.api import routes as projects
from applicant.projects.commands import AgreementInForce, against_giving_up, withdraw_project_of
from applicant.seat_offers.api import routes as seat_offers
from applicant.seat_offers.queries import confirmed_seats
from applicant.selections.api import routes as selections
from applicant.support.api.tickets import routes as support_tickets
from applicant.support.api.visits import routes as site_visits

ROUTERS: Sequence[APIRouter] = (
    disclosures,
    revocations,
    appointments,
    staff,
    companies,
    past_supports,
    mailboxes,
    notices,
    deadlines,
    calls,
    publishing_routes(confirmed_seats),
    seat_offers,
    applying,
    withdrawal_routes(withdraw_project_of, AgreementInForce),
    reading_routes(assigned_cases, against_giving_up),
    screening,
    evaluations,
    campaigns,
    forum_visits,
    courses,
    agreements,
    builds,
    documents,
    inspections,
    completions,
    amendments,
    site_visits,
    support_tickets,
    projects,
    selections,
    objections,
    lookbacks,
)
