"""The commands of `python -m infra`, a module each."""
