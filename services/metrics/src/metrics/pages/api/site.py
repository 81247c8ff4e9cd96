"""All pages: importing a page's module puts it on its router."""

from fastapi import APIRouter

from metrics.pages.api import (
    burden,
    council,
    dashboard,
    drafted_call,
    extra_call,
    firm,
    frame,
    gauge,
    mentors,
    operations,
    outcomes,
    practices,
    project,
    sign_in,
    today,
)
from metrics.pages.api.shell import answers, forms, routes

__all__ = [
    "PAGES",
    "burden",
    "council",
    "dashboard",
    "drafted_call",
    "extra_call",
    "firm",
    "frame",
    "gauge",
    "mentors",
    "operations",
    "outcomes",
    "practices",
    "project",
    "sign_in",
    "today",
]

PAGES: tuple[APIRouter, ...] = (routes, answers, forms)
