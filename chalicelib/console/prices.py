"""What AWS bills for what a fleet does most, as `docs/price.md` derives it."""

A_MILLION = {"message": 2.21, "command": [13.35, 40.96]}
"""USD, all services together, us-east-1, no free tier; a command without an answer, and one that is answered."""
