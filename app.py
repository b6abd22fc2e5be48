"""Where Chalice begins: the functions of `chalicelib/triggers/functions.py`, and one site for all that is served."""

import gc
import os
import sys

_FUNCTION = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
if _FUNCTION:
    # Nothing of what is imported is garbage, and looking for some is a seventh of a cold start.
    gc.disable()

from chalicelib import wiring  # noqa: E402 - what is imported is what it is about
from chalicelib.aws import logs  # noqa: E402
from chalicelib.triggers.functions import FUNCTIONS  # noqa: E402
from chalicelib.web.application import Application  # noqa: E402
from chalicelib.wiring import handlers  # noqa: E402


def _refuse_to_be_deployed_alone() -> None:
    """Chalice makes nothing but functions and API, of what `python -m infra` has put into a folder for it."""
    instead = {"deploy": "make deploy", "package": "make package", "delete": "make destroy"}
    asked = next((word for word in sys.argv[1:] if word in instead), None)
    if asked is None or "chalice.cli" not in sys.modules:
        return
    stage = dict(zip(sys.argv, sys.argv[1:], strict=False)).get("--stage", "dev")
    command = f"{instead[asked]} STAGE={stage}"
    from pathlib import Path

    try:
        built = Path(__file__).with_name(".chalice").joinpath("python").read_text()
    except FileNotFoundError:
        raise SystemExit(f"Homeport is more than what Chalice makes of it alone: type `{command}` instead") from None
    runs = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if built != runs:
        raise SystemExit(f"this was built for Python {built}, and Chalice would deploy it for {runs}: type `{command}`")


_refuse_to_be_deployed_alone()
if _FUNCTION:
    logs.start()
app = Application(app_name="homeport", configure_logs=False)
app.api.binary_types = ["*/*"]
for _function in FUNCTIONS:
    globals()[_function.name] = handlers.registered(app, _function)


def _serve_rest() -> None:
    from chalicelib.web import mounting
    from chalicelib.wiring import site

    mounting.mount(app, site.prefixes(), site.site, wiring.ports)
    if _FUNCTION:
        site.site()
        handlers.prepare_site()


# Routes are most of what there is to import: a cold function that answers no request need not wait for them, and the
# one that does has them before the first request comes, while Lambda still gives a whole processor.
if _FUNCTION not in {wiring.function_name(f) for f in app.handler_map}:
    _serve_rest()
for _function in FUNCTIONS:
    if wiring.function_name(_function.name) == _FUNCTION:
        handlers.prepare(_function)
if _FUNCTION in {wiring.application(), *(wiring.function_name(f.name) for f in FUNCTIONS if f.looks_up_secrets)}:
    wiring.read_stage_key()
if _FUNCTION:
    # What is there by now stays, and need not be looked at again.
    gc.freeze()
    gc.enable()
