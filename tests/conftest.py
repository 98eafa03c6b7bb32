"""What every test stands on: a real Postgres, and properties that no busy machine can fail."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.fixtures.database"]

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # speed is promised in bench/
settings.load_profile("untimed")
