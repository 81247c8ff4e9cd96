"""Nobody overwrites what they have not read: ETag, If-Match, 428 and 412."""

import uuid

import pytest

from tests.integration.web.conftest import Notebook

NEW = {"text": "rewritten", "price_won": 1}


async def rewrite(notebook: Notebook, note_id: str, if_match: str):
    headers = {**notebook.headers(key=None), "If-Match": if_match}
    return await notebook.client.put(f"/v1/notes/{note_id}", json=NEW, headers=headers)


async def test_the_version_read_may_be_changed_once(notebook: Notebook):
    note = await notebook.write()
    first = await rewrite(notebook, note.json()["id"], note.headers["etag"])
    second = await rewrite(notebook, note.json()["id"], note.headers["etag"])
    assert (first.status_code, first.headers["etag"]) == (200, '"2"')
    assert (second.status_code, second.json()["code"], second.json()["current_version"]) == (412, "note-changed", 2)
    assert second.headers["etag"] == '"2"'
    read = await notebook.client.get(f"/v1/notes/{note.json()['id']}", headers=notebook.headers(key=None))
    assert (read.headers["etag"], read.json()["text"]) == ('"2"', "rewritten")


@pytest.mark.parametrize("tag", ['W/"1"', '"x"', '"99"', '"1-2"'])
async def test_a_tag_that_is_not_the_current_one_matches_nothing(notebook: Notebook, tag: str):
    note = await notebook.write()
    assert (await rewrite(notebook, note.json()["id"], tag)).status_code == 412


@pytest.mark.parametrize("tag", ["*", "1", '"1', '"1", "2"', ""])
async def test_a_header_that_is_not_one_tag_is_malformed(notebook: Notebook, tag: str):
    answer = await rewrite(notebook, str(uuid.uuid4()), tag)
    assert (answer.status_code, answer.json()["code"]) == (400, "version-malformed")
