"""Fixtures of the black-box tests: one service a module; each test has customers of its own."""

import pytest

from blackbox import Service


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """Starts further services by `start("--flag", "value")`; all are ended with the module."""
    started = []

    def begin(*flags, directory=None, run=True, **options):
        service = Service(directory or tmp_path_factory.mktemp("roamguard"), *flags, **options)
        started.append(service)
        return service.start() if run else service

    yield begin
    for service in started:
        service.kill()


@pytest.fixture(scope="module")
def service(start):
    """The module's service, with the small table published."""
    running = start()
    running.publish()
    return running
