"""What EventBridge sends once a minute."""

from bench.units.cloud import ACCOUNT, REGION

SCHEDULED = {
    "version": "0",
    "id": "sweep",
    "source": "aws.events",
    "account": ACCOUNT,
    "time": "2027-01-15T08:00:00Z",
    "region": REGION,
    "resources": [],
    "detail-type": "Scheduled Event",
    "detail": {},
}
