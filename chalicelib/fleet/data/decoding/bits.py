"""A payload read bit by bit, the lowest bit of each byte first."""


class ShortageError(Exception):
    """Fewer bits are left than were asked for; nothing was taken."""


class Bits:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._counted_from = 0

    @property
    def left(self) -> int:
        """Bits not yet taken."""
        return len(self._data) * 8 - self._at

    @property
    def offset(self) -> int:
        """Whole bytes taken since the start of the payload."""
        return self._at // 8

    @property
    def counter(self) -> int:
        """Whole bytes taken since the counter was last reset."""
        return self.offset - self._counted_from

    def take_bits(self, count: int) -> int:
        if count > self.left:
            raise ShortageError
        first, shift = divmod(self._at, 8)
        self._at += count
        window = int.from_bytes(self._data[first : -(-self._at // 8)], "little")
        return window >> shift & ((1 << count) - 1)

    def take(self, count: int) -> bytes:
        """The next `count` bytes, which need not start at a byte's border."""
        if self._at % 8:
            return self.take_bits(count * 8).to_bytes(count, "little")
        if count * 8 > self.left:
            raise ShortageError
        start = self.offset
        self._at += count * 8
        return self._data[start : start + count]

    def take_rest(self, width: int) -> bytes:
        """All that is left in numbers of `width` bits, a byte each; the last one has as many bits as there are."""
        return bytes(self.take_bits(min(width, self.left)) for _ in range(-(-self.left // width)))

    def skip(self, count: int) -> None:
        if count * 8 > self.left:
            raise ShortageError
        self._at += count * 8

    def align(self, size: int) -> None:
        """Go on to the next byte border at which the counter is a multiple of `size`."""
        border = -(-self._at // 8)
        border += (self._counted_from - border) % size
        if border > len(self._data):
            raise ShortageError
        self._at = border * 8

    def reset_counter(self) -> None:
        """Count from the next byte border; what is left of the present byte is dropped."""
        self._counted_from = -(-self._at // 8)
        self._at = self._counted_from * 8
