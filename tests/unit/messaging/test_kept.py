"""Answers that are worked out once: for all who wait, without those who left, and no more of them than are kept."""

import asyncio

import pytest

from common.kept import Kept

pytestmark = pytest.mark.anyio


class Work:
    """Counts how often it is done, and lasts until it is let go on."""

    def __init__(self) -> None:
        self.times, self.goes_on = 0, asyncio.Event()

    async def __call__(self) -> int:
        self.times += 1
        await self.goes_on.wait()
        return self.times


async def test_all_who_wait_get_the_one_answer_and_it_is_kept() -> None:
    kept, work = Kept[str, int](most=2), Work()
    waiting = [asyncio.create_task(kept.get("a", work)) for _ in range(20)]
    await asyncio.sleep(0)
    work.goes_on.set()
    assert set(await asyncio.gather(*waiting)) == {1}
    assert await kept.get("a", work) == 1


async def test_whoever_leaves_takes_nothing_from_the_others() -> None:
    kept, work = Kept[str, int](most=2), Work()
    first, second = (asyncio.create_task(kept.get("a", work)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait({first})
    work.goes_on.set()
    assert (await second, work.times) == (1, 1)


async def test_one_that_is_done_after_all_have_left_is_kept() -> None:
    kept, work = Kept[str, int](most=2), Work()
    only = asyncio.create_task(kept.get("a", work))
    await asyncio.sleep(0)
    only.cancel()
    await asyncio.wait({only})
    work.goes_on.set()
    assert (await kept.get("a", work), work.times) == (1, 1)


async def test_no_more_are_kept_than_were_said_and_the_one_asked_for_longest_ago_goes() -> None:
    kept, made = Kept[str, str](most=2), list[str]()

    async def ask(key: str) -> str:
        async def make() -> str:
            made.append(key)
            return key

        return await kept.get(key, make)

    for key in ("a", "b", "a", "c", "a", "b"):
        assert await ask(key) == key
    assert made == ["a", "b", "c", "b"]


async def test_a_fault_reaches_all_who_wait_and_is_not_kept() -> None:
    kept, answers = Kept[str, int](most=2), [1]

    async def make() -> int:
        await asyncio.sleep(0)
        if answers:
            answers.pop()
            raise OSError
        return 2

    told = await asyncio.gather(*(kept.get("a", make) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in told] == [OSError] * 3
    assert await kept.get("a", make) == 2
