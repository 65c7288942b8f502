"""How the tokens are shared among the users whose watch lists want them."""

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import NamedTuple


class Wish(NamedTuple):
    """A check that watch lists want.

    Attributes:
        owners: The users whose lists want it.
        price: Tokens it costs.
        limit: It is paid for only while the tokens given out, its own among them, are at most this.
    """

    owners: frozenset[int]
    price: float
    limit: float


@dataclass(slots=True)
class TokenShares:
    """What each user's list has received; the one with the least comes next.

    A check that several lists want counts in full for each of them: each has what it wanted. So a
    list that goes without something has received at least the mean of all, less two of the dearest
    checks.

    Attributes:
        spent: Tokens given out.
        received: What was spent for each user.
    """

    spent: float = 0.0
    received: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))

    def give(self, wishes: Sequence[Wish]) -> list[bool]:
        """Give tokens to lists in turn, each for the first of its wishes; return which are paid.

        Of lists that have received equally much the one with the earlier wish comes first. A wish
        above its limit is passed over, and its lists go on with the next.

        Args:
            wishes: In the order of their worth. One that nobody owns is not paid.
        """
        lists: defaultdict[int, deque[int]] = defaultdict(deque)
        for place, wish in enumerate(wishes):
            for owner in wish.owners:
                lists[owner].append(place)
        paid, is_open = [False] * len(wishes), [True] * len(wishes)
        turns = [(self.received[owner], places[0], owner) for owner, places in lists.items()]
        heapify(turns)
        while turns:
            turn = heappop(turns)
            owner = turn[2]
            places = lists[owner]
            while places and not is_open[places[0]]:
                places.popleft()
            if not places:
                continue
            # It may have received something by another list's turn.
            now = (self.received[owner], places[0], owner)
            if now == turn:
                place = places.popleft()
                is_open[place] = False
                paid[place] = self._pay(wishes[place])
                if not places:
                    continue
                now = (self.received[owner], places[0], owner)
            heappush(turns, now)
        return paid

    def _pay(self, wish: Wish) -> bool:
        if self.spent + wish.price > wish.limit:
            return False
        self.spent += wish.price
        for owner in wish.owners:
            self.received[owner] += wish.price
        return True
