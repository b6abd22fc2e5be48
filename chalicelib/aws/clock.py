import time


class SystemClock:
    def now(self) -> int:
        return time.time_ns() // 1_000_000


def pause(ms: int) -> None:
    time.sleep(ms / 1000)
