"""Which sequence numbers have been seen (RFC 6347, 4.1.2.6)."""

WIDTH = 64
_ALL = (1 << WIDTH) - 1


class ReplayWindow:
    """Numbers older than the window count as seen. Mark a number only once its record has verified."""

    __slots__ = ("seen", "top")

    def __init__(self, top: int = -1, seen: int = 0) -> None:
        self.top, self.seen = top, seen

    def fresh(self, number: int) -> bool:
        age = self.top - number
        return age < 0 or (age < WIDTH and not self.seen >> age & 1)

    def mark(self, number: int) -> None:
        ahead = number - self.top
        if ahead > 0:
            self.seen = (self.seen << ahead | 1) & _ALL if ahead < WIDTH else 1
            self.top = number
        else:
            self.seen |= 1 << -ahead
