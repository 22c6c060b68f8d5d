"""When a channel gives up what it has beyond its room."""

import asyncio
import time

import pytest

from kombu_jetstream._consume import surplus
from kombu_jetstream._consume.surplus import Surplus


class Channel:
    def __init__(self) -> None:
        self.full_since: float | None = None
        self.gave_up_s: list[float] = []
        self.surplus = Surplus(lambda: self.full_since, lambda: [self])

    def give_up(self) -> None:
        self.gave_up_s.append(time.monotonic())

    async def gave_up(self) -> float:
        async with asyncio.timeout(5):
            while not self.gave_up_s:
                await asyncio.sleep(0.005)
        return self.gave_up_s[0]


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surplus, "LINGER_S", 0.05)


async def test_a_channel_that_stays_full_gives_up_its_surplus() -> None:
    channel = Channel()
    channel.full_since = time.monotonic()
    channel.surplus.arrived()
    channel.surplus.arrived()
    assert await channel.gave_up() - channel.full_since >= 0.05
    assert len(channel.gave_up_s) == 1


async def test_each_settlement_gives_the_channel_more_time() -> None:
    channel = Channel()
    channel.full_since = time.monotonic() + 0.1
    channel.surplus.arrived()
    assert await channel.gave_up() >= channel.full_since + 0.05


async def test_a_channel_with_room_keeps_everything_and_is_looked_at_after_the_next_arrival() -> None:
    channel = Channel()
    channel.surplus.arrived()
    await asyncio.sleep(0.1)
    assert channel.gave_up_s == []
    channel.full_since = time.monotonic()
    channel.surplus.arrived()
    await channel.gave_up()
