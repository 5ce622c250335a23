"""How long an example takes decides nothing: machines are busy, and hypothesis builds its tables
of characters once per checkout, inside the first draw of text.
"""

from hypothesis import HealthCheck, settings

settings.register_profile("replanner", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("replanner")
