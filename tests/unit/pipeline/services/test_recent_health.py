"""How often the outside systems are asked how they are."""

from keeper.pipeline.services.health import HealthState, PartHealth, recent


def test_an_answer_that_took_long_serves_those_who_waited_for_it() -> None:
    now, asked = [100.0], []

    def ask() -> list[PartHealth]:
        now[0] += 20
        asked.append(now[0])
        return [PartHealth("kafka", HealthState.DOWN, "no answer")]

    look = recent(ask, seconds=lambda: now[0])
    assert look() is look() is look()
    assert asked == [120.0]
    now[0] += 4.9
    look()
    assert asked == [120.0]
    now[0] += 0.1
    look()
    assert asked == [120.0, 145.0]
