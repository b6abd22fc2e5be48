"""How much one decoding may cost. A decoder is written by a tenant: it is counted, not trusted."""

from dataclasses import dataclass, field

from chalicelib.fleet.data.decoding.errors import DecodingError

MAX_SOURCE = 16_384
"""Characters of a binary description or of a template."""

MAX_NESTING = 16
"""Structures within structures, sections within sections."""

MAX_PAYLOAD = 262_144
"""Bytes of a payload, characters of a row."""


class BudgetExceededError(DecodingError):
    """The decoding would cost more than it may."""


@dataclass(slots=True)
class Budget:
    """What is left of one decoding; each `spend_…` raises BudgetExceededError once there is nothing left.

    `steps` are fields, operators and template nodes visited; `elements` are values in the result; `text` is the
    characters of strings in the result and of the rendered template.
    """

    steps: int = 100_000
    elements: int = 10_000
    text: int = 65_536
    granted: tuple[int, int, int] = field(init=False)

    def __post_init__(self) -> None:
        self.granted = (self.steps, self.elements, self.text)

    def spend_steps(self, count: int = 1) -> None:
        self.steps -= count
        if self.steps < 0:
            raise BudgetExceededError(f"the decoder takes more than {self.granted[0]} steps")

    def spend_elements(self, count: int = 1) -> None:
        self.elements -= count
        if self.elements < 0:
            raise BudgetExceededError(f"the result has more than {self.granted[1]} values")

    def spend_text(self, count: int) -> None:
        self.text -= count
        if self.text < 0:
            raise BudgetExceededError(f"the result has more than {self.granted[2]} characters")
