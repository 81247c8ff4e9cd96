"""A programme year played over REST comes out as it must, and played again changes nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flow.season.conftest import Played


def row(output: str, start: str) -> list[int]:
    """The numbers of the table row that starts so."""
    line = next(line for line in output.splitlines() if line.strip().startswith(start))
    return [int(number.replace(",", "")) for number in re.findall(r"[\d,]+", line.split(start, 1)[1])]


def closed_books(output: str, column: int) -> dict[str, int]:
    """One column of the money by source and state."""
    table = output.split("Closed books", 1)[1].split("Mentor rota", 1)[0].split("사업 비교", 1)[0]
    states = (
        *("편성 budgeted", "잔액 left", "확정 committed", "지급 중 under way", "지급 paid", "이월 carried over"),
        *("불용 lapsed", "정산 settled", "반납 예정 to be refunded", "반납 refunded"),
        *("환수 예정 to be clawed back", "환수 clawed back", "이자 interest"),
    )
    return {re.sub("^[^a-z]*", "", state): row(table, state)[column] for state in states}


def test_the_small_season_refuses_one_project_and_promotes_a_reserve_in_its_place(played: Played) -> None:
    seats, applied, eligible, selected, refused, promoted, confirmed, in_force = row(played.output, "JS2")
    assert (seats, applied) == (4, 7)
    assert eligible <= applied
    assert selected == 4
    assert (refused, promoted) == (1, 1)
    assert confirmed == selected - refused + promoted
    assert in_force == confirmed


def test_nothing_of_a_season_is_told_at_an_earlier_day_than_what_came_before_it(played: Played) -> None:
    steps = re.findall(r"^(\d{4}-\d\d-\d\d \d\d:\d\d) KST  (.*): \d+/\d+ in ", played.output, re.MULTILINE)
    last = [place for place, (_, what) in enumerate(steps) if what.endswith("notices delivered")]
    assert len(last) == 2, "the season before it, and its own"
    began = 0
    for place in last:
        assert steps[place][0] == max(at for at, _ in steps[began : place + 1])
        began = place + 1


@pytest.mark.promise("R22")
def test_every_project_in_force_gets_its_first_money_from_province_and_municipality(played: Played) -> None:
    projects, payments, paid_won = row(played.output.split("First money released", 1)[1], "도비 Province")
    assert projects == payments == row(played.output, "합계 total")[-1]
    (total_won,) = row(played.output.split("First money released", 1)[1], "합계 paid")
    assert total_won > paid_won > 0


@pytest.mark.promise("I6")
def test_story_9_the_gauge_of_300_counts_what_was_completed_and_not_what_was_ended(played: Played) -> None:
    planned, agreed, completed, in_use, _, terminated, counted = row(played.output, "합계 counted by the rule")
    earlier, last = [row(line, "합계 total") for line in played.output.splitlines() if "합계 total" in line]
    *_, confirmed, in_force = last
    assert (planned, terminated) == (0, 1)
    assert agreed == earlier[-1], "the season before it is not played to its builds"
    assert counted == completed == in_force - terminated == confirmed - terminated
    assert in_use == 3, "four were completed early, and one of them stays silent; the others' first figures are later"
    assert row(played.output, "장수군") == [0, 0, 0, 0, 0, 0, 0], "a county without any is shown"
    assert "The gauge of 300 by 2027" in played.output
    assert "founding article" in played.output
    assert "2026: press" in played.output


def test_what_the_factories_brought_is_told_with_who_was_due_and_who_answered(played: Played) -> None:
    table = played.output.split("Outcomes after completion", 1)[1]
    for kpi in ("P1 PRODUCTIVITY", "Q1 QUALITY", "D1 ON_TIME_DELIVERY"):
        due, answered, valid = row(table, kpi)[:3]
        assert (due, answered, valid) == (4, 3, 3)
    line = next(line for line in table.splitlines() if "P1 PRODUCTIVITY" in line)
    middle, lower, upper, unchanged = (float(each) for each in re.findall(r"([+-][\d.]+) %", line))
    assert lower < middle < upper
    assert unchanged < middle, "whoever is silent may have gained nothing"


def test_the_rota_ends_with_the_agreement_of_a_firm_whose_supplier_is_bankrupt(played: Played) -> None:
    weeks, sent = row(played.output, "합계 weeks")
    (without,), (released,) = row(played.output, "미배정 without"), row(played.output, "협약 해지 released")
    *_, last = [row(line, "합계 total") for line in played.output.splitlines() if "합계 total" in line]
    assert released == 1
    assert 0 < sent < weeks
    assert sent + released + without == last[-1], "every project in force has a team, had one, or is left out"


def test_every_team_was_at_its_firm_and_what_it_found_was_closed_or_rejected(played: Played) -> None:
    rota = played.output.split("Mentor rota", 1)[1]
    _, sent = row(rota, "합계 weeks")
    (ended,), (hours,) = row(rota, "상주 종료 ended"), row(rota, "노하우 시간 know-how hours")
    (found,), (closed,) = row(rota, "개선 발굴 improvements found"), row(rota, "개선 완료 closed")
    (rejected,) = row(rota, "개선 제외 rejected")
    left_open = found - closed - rejected
    assert closed == ended == sent, "every team has left its firm, but for the one whose firm's agreement ended"
    assert left_open in {0, 1}, "only what was found at the firm whose agreement ended stays open"
    assert hours == 3 * 7 * (2 * ended + left_open), "three mentors for seven hours when they come and when they leave"


@pytest.mark.promise("I2", "R21")
def test_story_8_the_books_are_closed_and_what_was_not_spent_is_back_by_source(played: Played) -> None:
    municipal, province, total = (closed_books(played.output, at) for at in range(3))
    for won in (municipal, province):
        assert won["budgeted"] == won["left"] + won["committed"]
        assert won["committed"] == won["paid"] + won["lapsed"], (
            "only the terminated project leaves anything unpaid, and it lapses"
        )
        assert won["refunded"] > 0 < won["clawed back"]
        assert won["settled"] + won["refunded"] + won["clawed back"] <= won["paid"], "a clawback may be of a part"
        assert won["under way"] == won["to be refunded"] == won["to be clawed back"] == 0
        assert won["carried over"] > 0
    assert total == {state: municipal[state] + province[state] for state in total}
    completed = row(played.output, "합계 counted by the rule")[-1]
    assert (province["interest"], municipal["interest"]) == (41_237 * completed, 0), (
        "only the province's money lay in the firms' accounts"
    )


def test_the_output_names_who_can_sign_in_where_to_look_and_what_is_assumed(played: Played) -> None:
    assert "--role municipality.officer --tenant 52130 --subject officer-52130" in played.output
    assert "/metrics/v1/public/calls/" in played.output
    assert "[N9]: " in played.output
    assert "assumed: " in played.output


@pytest.mark.promise("R18")
def test_the_season_played_again_replays_every_request_and_leaves_every_table_as_it_was(played: Played) -> None:
    again = played.play_again()
    assert again.returncode == 0, again.stdout + again.stderr
    sent, replayed = map(int, re.search(r"(\d+) requests, (\d+) of them replayed", again.stdout).groups())
    assert sent == replayed > 100
    assert "tables unchanged" in again.stdout


def test_story_10_the_archive_that_was_taken_of_a_payment_is_verified_by_the_command_a_person_types(
    played: Played, tmp_path: Path
) -> None:
    (kept,) = (played.directory / "archives").glob("*.zip")
    raw = kept.read_bytes()
    changed = tmp_path / "changed.zip"
    changed.write_bytes(raw.replace(b"approver", b"approveR"))
    command = [str(Path(sys.executable).with_name("smartfactory")), "verify-archive"]
    good, bad, head = (
        subprocess.run([*command, *map(str, asked)], capture_output=True, text=True, check=False)
        for asked in ((kept,), (changed,), (kept, "--head", "0" * 64))
    )
    assert (good.returncode, bad.returncode, head.returncode) == (0, 1, 1), good.stdout + good.stderr
    assert "모두 맞습니다. Everything holds." in good.stdout
    assert "cut off or broken" in bad.stdout
    assert "head-differs" in head.stdout
