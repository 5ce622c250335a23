"""Settings of these tests."""

from hypothesis import settings

# PyYAML is slow where other work runs beside it; how long an example takes decides nothing.
settings.register_profile("render", deadline=None, max_examples=60)
settings.load_profile("render")
