"""Keys, users, tenants, certificates and the audit log."""

from chalicelib.fleet.access.records import UserState
from chalicelib.fleet.access.roles import Role
from chalicelib.web.answers import ANY, FLAG, MOMENT, TEXT, TEXTS, WHOLE, among, by_name, listed, record

KEY = record(
    "id tenantId creationTs active roles clientCert sessionKey masterKey expired",
    id=TEXT,
    parentId=TEXT,
    tenantId=TEXT,
    userId=TEXT,
    value=TEXT,
    creationTs=WHOLE,
    to=WHOLE,
    sessionTTL=WHOLE,
    lastActivity=WHOLE,
    label=TEXT,
    description=TEXT,
    active=FLAG,
    roles=listed(among(Role)),
    scope=record("fifos", fifos=TEXTS),
    clientCert=record("required caCertIds", required=FLAG, caCertIds=TEXTS),
    rateLimit=by_name(WHOLE),
    debugModeEndTs=WHOLE,
    sessionKey=FLAG,
    masterKey=FLAG,
    expired=FLAG,
    **{"from": WHOLE},
)
USER = record(
    "id tenantId login email roles state mainUser",
    id=TEXT,
    tenantId=TEXT,
    login=TEXT,
    email=TEXT,
    roles=listed(among(Role)),
    state=among(UserState),
    language=TEXT,
    mainUser=FLAG,
    lastAuthentication=WHOLE,
)
_SECTION = record("content revision version", content=by_name(ANY), revision=WHOLE, version=ANY)
TENANT = record(
    "id name creationTs accountType",
    id=TEXT,
    name=TEXT,
    creationTs=WHOLE,
    accountType=TEXT,
    offerSettings=by_name(_SECTION),
    technicalSettings=by_name(_SECTION),
    userSettings=by_name(ANY),
)
CERTIFICATE = record("id certificate comment expires", id=TEXT, certificate=TEXT, comment=TEXT, expires=MOMENT)
AUDIT = record(
    "timestamp created level category subcategory type description source content",
    timestamp=MOMENT,
    created=MOMENT,
    level=TEXT,
    category=TEXT,
    subcategory=TEXT,
    type=TEXT,
    description=TEXT,
    source=by_name(ANY),
    content=by_name(ANY),
)
CONTENT = record("content", content=TEXT)
