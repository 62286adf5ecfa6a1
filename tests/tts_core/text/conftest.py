"""Front-ends shared by the tests, because they load slowly."""

from collections.abc import Callable

import pytest

from intone import assets
from tts_core.text.analyse import Frontend
from tts_core.text.pronounce import Pronouncer


@pytest.fixture(scope="session")
def need() -> Callable[..., None]:
    """Skips a test whose assets are not fetched."""

    def check(*names: str) -> None:
        missing = [name for name in names if not assets.available(name)]
        if missing:
            pytest.skip(f"assets not fetched: {', '.join(missing)} (`intone assets`)")

    return check


@pytest.fixture(scope="session")
def frontend(need: Callable[..., None]) -> Frontend:
    need("cmudict", "g2p-en", "minilm")
    return Frontend(parser="span:minilm")


@pytest.fixture(scope="session")
def rules(need: Callable[..., None]) -> Frontend:
    need("cmudict", "g2p-en", "minilm")
    return Frontend(parser="rules")


@pytest.fixture(scope="session")
def pronouncer(need: Callable[..., None]) -> Pronouncer:
    need("cmudict", "g2p-en")
    return Pronouncer()
