"""Lists by page: complete and without repetition while others write, and no cursor works anywhere but where it came from."""

import base64
import uuid

import pytest

from tests.integration.web.conftest import CLOCK, Notebook


async def read(notebook: Notebook, **parameters: object):
    return await notebook.client.get("/v1/notes", params=parameters, headers=notebook.headers(key=None))


async def write_many(notebook: Notebook, author: str, count: int) -> list[str]:
    return [(await notebook.write(f"note {number}", subject=author)).json()["id"] for number in range(count)]


async def test_pages_hold_every_row_once_also_when_rows_come_between(notebook: Notebook):
    author = f"writer-{uuid.uuid4()}"
    written = await write_many(notebook, author, 7)
    seen, cursor, pages = [], None, 0
    while True:
        answer = await read(notebook, author=author, page_size=3, **({"cursor": cursor} if cursor else {}))
        page = answer.json()
        seen += [item["id"] for item in page["items"]]
        pages += 1
        if pages == 1:
            written += await write_many(notebook, author, 2)
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == written, "all of them share one programme moment: only the id orders them"
    assert pages == 3


async def test_a_reader_turns_back_and_finds_the_pages_it_came_by(notebook: Notebook):
    author = f"writer-{uuid.uuid4()}"
    written = await write_many(notebook, author, 7)
    forth = [(await read(notebook, author=author, page_size=3)).json()]
    while forth[-1]["next"]:
        forth.append((await read(notebook, author=author, page_size=3, cursor=forth[-1]["next"])).json())
    back = [forth[-1]]
    while back[-1]["prev"]:
        back.append((await read(notebook, author=author, page_size=3, cursor=back[-1]["prev"])).json())

    assert [[item["id"] for item in page["items"]] for page in back] == [written[6:], written[3:6], written[:3]]
    assert forth[0]["prev"] is back[-1]["prev"] is None
    assert (await read(notebook, author=author, page_size=3, cursor=back[-1]["next"])).json()["items"] == forth[1][
        "items"
    ]


async def test_a_page_that_others_emptied_leads_back_to_where_its_reader_came_from(notebook: Notebook):
    author = f"writer-{uuid.uuid4()}"
    written = await write_many(notebook, author, 2)
    first = (await read(notebook, author=author, page_size=1)).json()
    second = (await read(notebook, author=author, page_size=1, cursor=first["next"])).json()
    await notebook.rename(written[0], "somebody else")
    gone = (await read(notebook, author=author, page_size=1, cursor=second["prev"])).json()
    assert (gone["items"], gone["prev"]) == ([], None)
    assert (await read(notebook, author=author, page_size=1, cursor=gone["next"])).json()["items"] == second["items"]

    await notebook.rename(written[0], author)
    await notebook.rename(written[1], "somebody else")
    ended = (await read(notebook, author=author, page_size=1, cursor=first["next"])).json()
    assert (ended["items"], ended["next"]) == ([], None)
    assert (await read(notebook, author=author, page_size=1, cursor=ended["prev"])).json()["items"] == first["items"]


async def test_the_links_of_a_page_are_its_neighbours_under_the_same_filters(notebook: Notebook):
    author = f"writer {uuid.uuid4()} &=+%"
    written = await write_many(notebook, author, 3)
    answer, seen = await read(notebook, author=author, page_size=1), []
    while True:
        seen += [item["id"] for item in answer.json()["items"]]
        links = answer.links
        assert set(links) == {name for name in ("next", "prev") if answer.json()[name]}
        if "next" not in links:
            break
        answer = await notebook.client.get(links["next"]["url"], headers=notebook.headers(key=None))
    assert seen == written
    before = await notebook.client.get(links["prev"]["url"], headers=notebook.headers(key=None))
    assert [item["id"] for item in before.json()["items"]] == written[1:2]


async def test_a_page_is_capped_not_refused(notebook: Notebook):
    answer = await read(notebook, page_size=100_000)
    assert answer.status_code == 200
    assert len(answer.json()["items"]) <= 100


@pytest.mark.parametrize("change", ["filter", "tampered", "truncated", "own", "garbage", "other role", "empty"])
async def test_a_cursor_of_something_else_is_refused(notebook: Notebook, change: str):
    author = f"writer-{uuid.uuid4()}"
    await write_many(notebook, author, 3)
    cursor = (await read(notebook, author=author, page_size=1)).json()["next"]
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    headers, parameters = notebook.headers(key=None), {"author": author, "cursor": cursor}
    match change:
        case "filter":
            parameters["author"] = "somebody else"
        case "tampered":
            other = b"1" if raw[-3:-2] == b"0" else b"0"
            parameters["cursor"] = base64.urlsafe_b64encode(raw[:-3] + other + raw[-2:]).decode()
        case "truncated":
            parameters["cursor"] = cursor[:-4]
        case "own":
            parameters["cursor"] = base64.urlsafe_b64encode(b"\0" * 16 + raw[16:]).decode()
        case "garbage":
            parameters["cursor"] = "한글"
        case "empty":
            parameters["cursor"] = ""
        case _:
            headers |= notebook.issuer.headers(role="writer", tenant="t-2")
    answer = await notebook.client.get("/v1/notes", params=parameters, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "cursor-refused")


async def test_the_page_size_may_change_between_pages(notebook: Notebook):
    author = f"writer-{uuid.uuid4()}"
    written = await write_many(notebook, author, 4)
    cursor = (await read(notebook, author=author, page_size=1)).json()["next"]
    rest = await read(notebook, author=author, page_size=50, cursor=cursor)
    assert [item["id"] for item in rest.json()["items"]] == written[1:]


async def test_programme_time_is_the_clocks(notebook: Notebook):
    written = (await notebook.write()).json()
    assert written["written_at"].startswith(CLOCK.now().isoformat()[:19])
