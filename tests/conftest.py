"""How long an example takes decides nothing: machines are busy, and hypothesis builds its tables
of characters once per checkout, inside the first draw of text.
"""

from hypothesis import HealthCheck, Phase, settings

settings.register_profile("replanner", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("replanner")
# tools/mutants.py asks only whether there is a counterexample, not for the smallest one.
settings.register_profile("unshrunk", phases=[Phase.explicit, Phase.reuse, Phase.generate])
