"""Seats and who holds or waits for them, as later features ask; a seat line is one type in one municipality."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select

from metrics.progress.store import CallRow, CallSeatRow, CaseProgressRow, ProjectProgressRow

Lined = type[CallSeatRow] | type[CaseProgressRow] | type[ProjectProgressRow]
"""The tables whose rows are of one seat line each."""

_UNDECIDED = ("SUBMITTED", "SUPPLEMENT_REQUESTED", "SUPPLEMENTED", "ELIGIBLE")


def seats_of_year(fiscal_year: int) -> Select[*tuple[Any, ...]]:
    """For a later feature: the seat lines of a year's calls, with the call's track and the end of its window."""
    seat = CallSeatRow
    return (
        select(seat.call_id, seat.type_code, seat.municipality_code, seat.seats, CallRow.track, CallRow.closes_at)
        .join(CallRow, CallRow.call_id == seat.call_id)
        .where(CallRow.fiscal_year == fiscal_year)
    )


def held_of(calls: Collection[UUID]) -> Select[*tuple[Any, ...]]:
    """For a later feature: how many projects hold a place of these calls, by seat line.

    One that was terminated holds it too: nobody takes it over.
    """
    row = ProjectProgressRow
    places = by_seat_line(row, func.count()).add_columns(row.call_id).group_by(row.call_id)
    return places.where(row.call_id.in_(calls), row.state.in_(("SELECTED", "CONFIRMED")))


def reserves_of(calls: Collection[UUID]) -> Select[*tuple[Any, ...]]:
    """For a later feature: how many reserves wait for a place of these calls, by seat line; who moved up waits not."""
    row = CaseProgressRow
    waiting = by_seat_line(row, func.count()).add_columns(row.call_id).group_by(row.call_id)
    return waiting.where(row.call_id.in_(calls), row.state == "RESERVE")


def undecided_of(calls: Collection[UUID]) -> Select[*tuple[Any, ...]]:
    """For a later feature: which of these calls have cases that wait for their decision."""
    row = CaseProgressRow
    return select(row.call_id).distinct().where(row.call_id.in_(calls), row.state.in_(_UNDECIDED))


def unanswered_tracks(fiscal_year: int) -> Select[*tuple[Any, ...]]:
    """For a later feature: the tracks of a year in which selected projects wait for funding's answer."""
    row = ProjectProgressRow
    waiting = select(CallRow.track).distinct().join(row, row.call_id == CallRow.call_id)
    return waiting.where(CallRow.fiscal_year == fiscal_year, row.state == "SELECTED")


def by_seat_line(rows: Lined, *numbers: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """These numbers of a table's rows, a row for each seat line."""
    return select(rows.type_code, rows.municipality_code, *numbers).group_by(rows.type_code, rows.municipality_code)
