"""Tasks that are to end, and do."""

import asyncio

from services.bus.tasks import ended


def test_a_task_that_swallows_a_cancellation_is_ended_all_the_same() -> None:
    async def scene() -> None:
        swallowed: list[str] = []

        async def stubborn(name: str, times: int) -> None:
            for _ in range(times):
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    swallowed.append(name)
            await asyncio.sleep(60)

        async def fails() -> None:
            raise RuntimeError

        tasks = [
            asyncio.create_task(stubborn("once", 1)),
            asyncio.create_task(stubborn("never", 0)),
            asyncio.create_task(fails()),
        ]
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await ended(tasks)
            await ended([])
        assert swallowed == ["once"]
        assert [task.done() for task in tasks] == [True, True, True]

    asyncio.run(scene())
