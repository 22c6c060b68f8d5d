"""Skipped, with the reason, where no engine answers or an image is missing."""

from collections.abc import Iterator

import pytest

from support.backends.choice import default_images
from support.backends.engine import Engine
from support.service_images import SERVICES, Images, image_of


@pytest.fixture(scope="session")
def images() -> Iterator[Images]:
    engine = Engine()
    if fault := engine.fault():
        pytest.skip(f"no Docker engine answers: {fault}")
    known = default_images()
    for image in [*map(image_of, SERVICES), known["nats"], known["postgres"]]:
        if not engine.has(image):
            pytest.skip(f"{image} is not here: make base-images images")
    with Images() as found:
        yield found
