from keeper.bot.limits import ChatLimits


def test_a_chat_gets_so_many_a_minute_and_is_asked_to_wait_once() -> None:
    now = [0.0]
    limits = ChatLimits(2, seconds=lambda: now[0])
    assert [limits.admits(1) for _ in range(3)] == [True, True, False]
    assert [limits.warns(1) for _ in range(2)] == [True, False]
    assert limits.admits(2)
    now[0] = 30.0
    assert [limits.admits(1) for _ in range(2)] == [True, False]
    assert limits.warns(1)
    now[0] = 3_600.0
    assert [limits.admits(1) for _ in range(3)] == [True, True, False]


def test_who_was_never_seen_is_not_warned() -> None:
    assert not ChatLimits(1).warns(7)
