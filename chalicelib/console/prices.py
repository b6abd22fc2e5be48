"""What AWS bills for what a fleet does most, as `docs/price.md` derives it."""

A_MILLION = {"message": [2.19, 2.57], "command": [13.35, 40.96]}
"""USD, all services together, us-east-1, no free tier: of a device that speaks every second, and
one that speaks every five minutes; of commands without an answer, and those that are answered."""
