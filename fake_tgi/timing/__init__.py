"""How long a model takes: durations, distributions, profiles and a simulated batch. Nothing here sleeps."""

from __future__ import annotations

from .distributions import Constant, Distribution, LogNormal, Normal, Recorded, Uniform, distribution
from .durations import TimingError, duration, written
from .latencies import Latencies, latencies
from .profiles import PROFILES, Profile, profile
from .scheduler import BatchScheduler, Entry, Knobs

__all__ = [
    "PROFILES",
    "BatchScheduler",
    "Constant",
    "Distribution",
    "Entry",
    "Knobs",
    "Latencies",
    "LogNormal",
    "Normal",
    "Profile",
    "Recorded",
    "TimingError",
    "Uniform",
    "distribution",
    "duration",
    "latencies",
    "profile",
    "written",
]
