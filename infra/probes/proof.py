"""What `probe` found out of an account and region, kept there: a stage called `prod` is not deployed without it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.probes.questions import Answer, Asked
from infra.stage import APP

PARAMETER = f"{APP}-probe"
REQUIRED = (Asked.WITHOUT_ALPN, Asked.DIRECT_MESSAGE, Asked.CONNECTIONS)
"""Of what has to be so for a fleet with passwords to be served by IoT Core."""
_LONGEST = 4_096
"""Characters of a parameter that costs nothing."""
ASK = (
    "deploy a stage for trials in the same account and region, and ask by `python -m infra probe --stage … --tenant …`"
)


@dataclass(frozen=True, slots=True)
class Proof:
    """`on` is the day (ISO 8601); `answers` are yes, no, or None where a question could not be put."""

    on: str
    answers: Mapping[str, bool | None]

    def text(self) -> str:
        kept = json.dumps({"v": 1, "on": self.on, "answers": dict(self.answers)}, separators=(",", ":"))
        if len(kept) > _LONGEST:
            raise ValueError(f"{len(kept)} characters of answers are too many for a parameter")
        return kept


def of(answers: Sequence[Answer], on: str) -> Proof:
    return Proof(on, {answer.question: answer.yes for answer in answers})


def read(ssm: Any) -> Proof | None:
    try:
        found = ssm.get_parameter(Name=PARAMETER)["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        return None
    body = json.loads(found)
    return Proof(str(body["on"]), body["answers"])


def keep(ssm: Any, proof: Proof) -> None:
    """In place of what an earlier probe found."""
    ssm.put_parameter(Name=PARAMETER, Value=proof.text(), Type="String", Overwrite=True)


def unproven(proof: Proof | None) -> str | None:
    """Why nobody knows yet that this account can serve a fleet; None where it is known."""
    if proof is None:
        return f"AWS does not say that clients of a custom authorizer are reached, and nobody has tried it here: {ASK}"
    wrong = [question for question in REQUIRED if proof.answers.get(question) is not True]
    if not wrong:
        return None
    return f"the probe of {proof.on} did not find it so: {' '.join(wrong)} The edge serves such clients (docs/edge.md)"
