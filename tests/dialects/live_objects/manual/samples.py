"""The samples of the manual: those that hold register themselves, the others stand here with the reason."""

from collections.abc import Callable

from tests.dialects.live_objects.manual.rig import Manual

Check = Callable[[Manual], None]
SAMPLES: dict[str, Check] = {}
ABSENT: dict[str, str] = {
    **dict.fromkeys(
        (
            "5.4.1.1 body",
            "5.4.1.2 answer",
            "5.4.3.1 request",
            "5.4.3.2 answer",
            "5.4.4.1 body",
            "5.4.4.2 answer",
            "5.4.5.1 request",
            "5.4.2.2 answer",
            "5.5.2.1 definition",
            "5.5.2.3 activity",
            "5.5.2.5.1 body",
            "5.5.2.5.1 answer",
            "5.5.2.5.2 body",
            "5.5.2.5.2 answer",
        ),
        "SMS interfaces are not served",
    ),
    **dict.fromkeys(
        (
            "5.5.1.1 definition",
            "5.5.1.2 activity",
            "5.5.1.4.1 body",
            "5.5.1.4.1 answer",
            "5.5.1.4.2 body",
            "5.5.1.4.2 answer",
            "5.5.1.4.4 request",
            "5.5.1.4.5 answer",
            "5.5.1.4.7 request",
            "5.5.1.4.8 answer",
        ),
        "LoRaWAN interfaces are not served",
    ),
    **dict.fromkeys(
        ("6.5.6.2 message", "6.6.6.1 message", "8.2.2.2 answer"),
        "values that are none of their type (8.2.3.1) can be reported, and not asked for",
    ),
}


def sample(name: str) -> Callable[[Check], Check]:
    def noted(check: Check) -> Check:
        assert name not in SAMPLES
        SAMPLES[name] = check
        return check

    return noted
