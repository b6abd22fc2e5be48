"""`python -m infra.local`: the whole platform on this machine, until Ctrl-C or SIGTERM.

Exit codes: 0 stopped when asked to, 2 a setting makes no sense, a port is taken or the data cannot be used, 3 another
stack runs on the data, 4 a part without which it is of no use has died.
"""

import argparse
import logging
import os
import signal
import sys
from types import FrameType

from infra.local import log_lines
from infra.local.data_directory import AlreadyRunningError, DataError, locked
from infra.local.settings import Settings, SettingsError, log_level, read_settings

_CANNOT_START = 2
_ALREADY_RUNNING = 3
_DIED = 4


def main() -> int:
    try:
        log_lines.start(log_level(os.environ, "WARNING"), "%(asctime)s %(levelname)s %(name)s: %(message)s")
        settings = read_settings(os.environ)
        with locked(settings.data):
            return _run(settings)
    except (SettingsError, DataError) as error:
        return _complain(error, _CANNOT_START)
    except AlreadyRunningError as error:
        return _complain(error, _ALREADY_RUNNING)


def _run(settings: Settings) -> int:
    # these take a second to import: not before the settings make sense and the data is ours
    from infra.local import service_models

    service_models.share()  # first: moto reads models while it is imported
    from infra.local import light_moto

    light_moto.import_step_functions()
    light_moto.remember_methods()
    import infra.description
    from infra.local import memory
    from infra.local.banner import banner
    from infra.local.stack import Stack
    from infra.local.taken import PortTakenError

    stack = Stack(settings, infra.description)

    def ask(_signal: int, _frame: FrameType | None) -> None:
        stack.vital.end()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    try:
        stack.start()
    except PortTakenError as error:
        return _complain(error, _CANNOT_START)
    told = banner(
        stack.credentials,
        settings.data,
        host=settings.bind,
        code=stack.sign_in.code(),
        without_coaps=stack.without_coaps,
        memory=memory.limit(),
    )
    print(told, flush=True)
    failure = stack.vital.wait()
    stack.stop()
    return 0 if failure is None else _complain(failure, _DIED)


def _complain(error: object, code: int) -> int:
    print(f"homeport: {error}", file=sys.stderr)
    return code


if __name__ == "__main__":
    argparse.ArgumentParser(
        prog="python -m infra.local",
        description=__doc__,
        epilog="The README has its settings, which are variables of the environment: HOMEPORT_….",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    code = main()
    logging.shutdown()
    sys.stdout.flush()
    # everything is closed by now; taking the interpreter and all of moto apart object by object would take seconds more
    os._exit(code)
