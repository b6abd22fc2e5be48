"""`python -m infra.client`: the same as `homeport`."""

import sys

from infra.client.program import run

if __name__ == "__main__":
    sys.exit(run())
