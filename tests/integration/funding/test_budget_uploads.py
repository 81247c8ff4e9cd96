"""Many budget lines at once, as a municipality's machine or its officer's spreadsheet sends them."""

import asyncio
from typing import Any

from common.sheets import BOM, read_csv, write_csv
from contracts.roles import Role
from tests.support.funding import GUNSAN, JEONJU, OFFICER, Funding, Person, clerk, head
from tests.support.patience import patiently

MACHINE = Person(Role.MUNICIPALITY_CLIENT, JEONJU, f"municipality-{JEONJU}")
HEADER = ["source", "track", "fiscal_year", "municipality_code", "amount_won", "legal_regime", "funder"]
_PATH = "/v1/budget-lines:batch"


def line(year: int, place: str = JEONJU, **changes: object) -> dict[str, Any]:
    return {
        "source": "MUNICIPALITY", "track": "B", "fiscal_year": year, "municipality_code": place,
        "amount_won": 300_000_000, "legal_regime": "LOCAL_SUBSIDY", "funder": "전주시",
    } | changes  # fmt: skip


def sheet(*lines: dict[str, Any], header: list[str] | None = None) -> bytes:
    return write_csv([header or HEADER, *([each[name] for name in HEADER] for each in lines)])


async def upload(
    funding: Funding, content: bytes | dict[str, Any], *, by: Person = MACHINE, key: str | None = None, **query: object
) -> Any:
    headers = funding._headers(by) | {"Idempotency-Key": key or f"upload-test-{next(funding._keys):08}"}
    if isinstance(content, dict):
        return await patiently(lambda: funding.http.post(_PATH, json=content, headers=headers, params=query))
    headers["Content-Type"] = "text/csv; charset=utf-8"
    return await patiently(lambda: funding.http.post(_PATH, content=content, headers=headers, params=query))


async def stored(funding: Funding) -> int:
    return await funding.value("SELECT count(*) FROM budget_line")


async def test_right_rows_are_proposed_and_wrong_ones_say_row_field_and_cell(funding: Funding):
    good, taken = line(2024), line(2024, amount_won=5)
    strange, broken = line(2025, GUNSAN), line(2026, amount_won="삼억")
    answer = await upload(funding, sheet(good, taken, strange, broken))

    assert answer.status_code == 207
    told = answer.json()
    assert (told["rows"], told["accepted"], told["refused"]) == (4, 1, 3)
    first, second, third, fourth = told["results"]
    assert (first["row"], first["status"], first["problem"]) == (2, 201, None)
    assert (second["row"], second["status"], second["problem"]["code"]) == (3, 409, "budget-line-exists")
    assert (third["row"], third["status"], third["problem"]["code"]) == (4, 403, "budget-line-not-yours")
    assert (fourth["row"], fourth["status"], fourth["problem"]["code"]) == (5, 422, "input-invalid")
    (fault,) = fourth["problem"]["errors"]
    assert (fault["field"], fault["cell"], fault["code"]) == ("amount_won", "E5", "whole_number")
    assert "정수" in fault["detail"]["ko"]
    assert "whole number" in fault["detail"]["en"]
    assert "2024년 트랙 B" in second["problem"]["detail"]["ko"]

    kept = (await funding.get(f"/v1/budget-lines/{first['id']}", MACHINE)).json()
    assert (kept["state"], kept["amount_won"], kept["proposed_by"]) == ("PROPOSED", 300_000_000, MACHINE.subject)
    assert await stored(funding) == 1
    journalled = await funding.rows("SELECT decision, actor FROM journal_entry")
    assert [entry["actor"] for entry in journalled] == [f"municipality.client:{JEONJU}:{MACHINE.subject}"]


async def test_a_person_of_the_municipality_confirms_what_its_machine_proposed(funding: Funding):
    (made,) = (await upload(funding, {"rows": [line(2024)]})).json()["results"]
    by_machine = await funding.confirm_line(made["id"], MACHINE)
    confirmed = await funding.confirm_line(made["id"], head(JEONJU))
    assert (by_machine.status_code, confirmed.status_code) == (403, 201)


async def test_the_same_file_twice_is_one_under_the_same_key_and_refused_row_by_row_under_another(funding: Funding):
    content = sheet(line(2024), line(2025))
    first = await upload(funding, content, key="the-file-of-the-spring")
    again = await upload(funding, content, key="the-file-of-the-spring")
    other = await upload(funding, content, key="the-file-of-the-autumn")
    changed = await upload(funding, sheet(line(2024), line(2026)), key="the-file-of-the-spring")

    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert [row["problem"]["code"] for row in other.json()["results"]] == ["budget-line-exists"] * 2
    assert (changed.status_code, changed.json()["code"]) == (422, "idempotency-key-reused")
    assert await stored(funding) == 2


async def test_uploads_that_race_with_the_same_rows_double_nothing(funding: Funding):
    lines = [line(2024 + number) for number in range(12)]

    async def until_answered(content: bytes, key: str) -> Any:
        for _ in range(100):
            answer = await upload(funding, content, key=key)
            if answer.status_code == 207:
                return answer.json()
            assert answer.headers["retry-after"], answer.text
        raise AssertionError("a hundred tries were not enough: the uploads keep each other out")

    told = await asyncio.gather(
        *(
            until_answered(sheet(*(lines if way else lines[::-1])), f"racing-upload-{way}-{number}")
            for way in (0, 1)
            for number in (0, 1)
        )
    )
    assert sum(each["accepted"] for each in told) == len(lines) == await stored(funding)


async def test_a_trial_judges_every_row_and_keeps_nothing(funding: Funding):
    content = sheet(line(2024), line(2024), line(2025, amount_won=0))
    tried = await upload(funding, content, validate_only="true")

    assert (tried.status_code, tried.json()["validate_only"]) == (207, True)
    assert [(row["row"], row["status"], row["id"]) for row in tried.json()["results"]] == [
        (2, 201, None), (3, 409, None), (4, 422, None),
    ]  # fmt: skip
    assert await stored(funding) == 0
    assert await funding.value("SELECT count(*) FROM journal_entry") == 0
    real = await upload(funding, content)
    assert [row["status"] for row in real.json()["results"]] == [201, 409, 422]


async def test_a_number_is_read_by_one_rule(funding: Funding):
    by_cell = {
        "1,000,000": None, "1000000": None, " 1000000 ": None, "1,00,000": "whole_number", "1000000.0": "whole_number",
        "1E+09": "whole_number", "₩1,000,000": "whole_number", "100만": "whole_number", "１００": "whole_number",
        "-5": "greater_than_equal", "0": "greater_than_equal", "9" * 18: "less_than_equal", "9" * 5000: "whole_number",
        "=1+1": "formula_cell", "＝SUM(A1)": "formula_cell", "": "missing",
    }  # fmt: skip
    lines = [line(2024 + place, amount_won=cell).values() for place, cell in enumerate(by_cell)]
    rows = [",".join(f'"{value}"' for value in values) for values in lines]
    answer = await upload(funding, "\n".join([",".join(HEADER), *rows]).encode())
    for number, (row, fault) in enumerate(zip(answer.json()["results"], by_cell.values(), strict=True), start=2):
        if fault is None:
            assert (await funding.get(f"/v1/budget-lines/{row['id']}", MACHINE)).json()["amount_won"] == 1_000_000
        else:
            (found,) = row["problem"]["errors"]
            assert (found["field"], found["cell"], found["code"]) == ("amount_won", f"E{number}", fault)


async def test_a_text_that_looks_like_a_formula_is_refused_unless_marked_as_text(funding: Funding):
    rows = [line(2024, funder="x"), line(2025, funder="x")]
    content = sheet(*rows).decode().replace('"x"', '"=cmd|calc"', 1).replace('"x"', '"\'=군산"', 1).encode()
    refused, kept = (await upload(funding, content)).json()["results"]
    assert refused["problem"]["errors"][0]["code"] == "formula_cell"
    assert (await funding.get(f"/v1/budget-lines/{kept['id']}", MACHINE)).json()["funder"] == "=군산"


async def test_a_file_that_is_no_table_of_ours_is_refused_as_a_whole(funding: Funding):
    for content, code, faults in (
        (sheet(line(2024)).decode("utf-8-sig").encode("cp949"), "sheet-unreadable", ["csv_encoding"]),
        (b"source;track\nA;B\n", "sheet-unreadable", ["csv_delimiter"]),
        (b'source,track\n"A,B\n', "sheet-unreadable", ["csv_quotes"]),
        (b"", "sheet-unreadable", ["no_rows"]),
        (",".join(HEADER).encode(), "sheet-unreadable", ["no_rows"]),
        (sheet(line(2024), header=["재원", *HEADER[1:]]), "sheet-header-wrong", ["unknown_column", "missing_column"]),
        (sheet(line(2024), header=[*HEADER[:-1], "track"]), "sheet-header-wrong", ["column_twice", "missing_column"]),
    ):
        answer = await upload(funding, content)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert [each["code"] for each in answer.json()["errors"]] == faults
    assert await stored(funding) == 0


async def test_bad_header_names_are_listed(funding: Funding):
    answer = await upload(funding, sheet(line(2024), header=["Source", "트랙", *HEADER[2:]]))
    assert [(each["name"], each["code"]) for each in answer.json()["errors"]] == [
        ("Source", "unknown_column"), ("트랙", "unknown_column"), ("source", "missing_column"), ("track", "missing_column"),
    ]  # fmt: skip
    assert answer.json()["columns"] == ", ".join(HEADER)
    wide = await upload(funding, ",".join(["x", *map(str, range(40_000))]).encode() + b"\n1")
    assert (wide.json()["code"], len(wide.json()["errors"])) == ("sheet-header-wrong", 50)


async def test_a_code_that_is_no_municipality_is_refused_at_its_cell(funding: Funding):
    (row,) = (await upload(funding, sheet(line(2024, "52999")))).json()["results"]
    (found,) = row["problem"]["errors"]
    assert (found["field"], found["cell"], found["code"]) == ("municipality_code", "D2", "unknown-municipality")


async def test_sizes_are_limited(funding: Funding):
    rows = await upload(funding, {"rows": [line(2024)] * 101})
    assert (rows.status_code, rows.json()["code"], rows.json()["limit_rows"]) == (413, "upload-too-long", 100)
    size = await upload(funding, sheet(line(2024, funder="x" * 300_000)))
    assert (size.status_code, size.json()["code"]) == (413, "body-too-large")
    most = [line(2000 + number % 100, funder="전") for number in range(100)]
    answer = await upload(funding, sheet(*most))
    assert (answer.status_code, answer.json()["accepted"]) == (207, 100)


async def test_json_that_is_no_list_of_rows_is_refused(funding: Funding):
    bodies: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["/rows"]),
        ({"rows": {}}, ["/rows"]),
        ({"rows": []}, ["/rows"]),
        ({"rows": [], "state": "CONFIRMED"}, ["/state", "/rows"]),
    ]
    for body, pointers in bodies:
        answer = await upload(funding, body)
        assert answer.status_code == 422
        assert [each["pointer"] for each in answer.json()["errors"]] == pointers


async def test_json_rows_are_judged_as_a_single_proposal_is(funding: Funding):
    wrong: list[Any] = [line(2024, amount_won="300000000"), line(2024, state="CONFIRMED"), 7, line(2024)]
    answer = await upload(funding, {"rows": wrong})
    told = [
        (row["row"], row["status"], (row["problem"] or {"errors": []})["errors"]) for row in answer.json()["results"]
    ]
    assert [(row, status, [(each["field"], each["code"]) for each in errors]) for row, status, errors in told] == [
        (1, 422, [("amount_won", "int_type")]),
        (2, 422, [("state", "extra_forbidden")]),
        (3, 422, [(None, "model_type")]),
        (4, 201, []),
    ]


async def test_other_forms_are_refused_with_those_that_are_taken(funding: Funding):
    headers = funding._headers(MACHINE) | {"Idempotency-Key": "upload-of-another-form", "Content-Type": "text/plain"}
    answer = await funding.http.post(_PATH, content=b"x", headers=headers)
    assert (answer.status_code, answer.json()["accepted"]) == (415, "text/csv, application/json")
    headers |= {"Idempotency-Key": "upload-of-another-set", "Content-Type": "text/csv; charset=euc-kr"}
    answer = await funding.http.post(_PATH, content=sheet(line(2024)), headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "csv_encoding")


async def test_the_template_opens_in_excel_and_its_example_becomes_a_row_once_it_is_one(funding: Funding):
    answer = await funding.get("/v1/budget-lines:template", clerk(JEONJU))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="budget-lines.csv"; filename*=UTF-8')
    assert answer.content.startswith(BOM)
    assert b"\n" not in answer.content.replace(b"\r\n", b"")
    (header,) = read_csv(answer.content)
    assert list(header.cells) == HEADER
    as_it_is = await upload(funding, answer.content)
    assert (as_it_is.status_code, as_it_is.json()["errors"][0]["code"]) == (422, "no_rows")

    filled = answer.content.decode().replace('"#MUNI', '"MUNI').replace("52130", JEONJU).encode()
    (row,) = (await upload(funding, filled)).json()["results"]
    assert (row["row"], row["status"]) == (4, 201)


async def test_the_province_uploads_its_own_lines(funding: Funding):
    provincial = line(2024, source="PROVINCE", municipality_code=None, funder="전북특별자치도")
    (row,) = (await upload(funding, sheet(provincial), by=OFFICER)).json()["results"]
    assert row["status"] == 201
