"""How long an example takes decides nothing: machines are busy, and hypothesis builds its tables
of characters once per checkout, inside the first draw of text.
"""

from hypothesis import HealthCheck, Phase, settings

settings.register_profile("replanner", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("replanner")
# tools/mutants.py asks whether there is a counterexample, again and again; not for the smallest.
_FOUND = [Phase.explicit, Phase.reuse, Phase.generate]
settings.register_profile("mutants", max_examples=25, phases=_FOUND)
