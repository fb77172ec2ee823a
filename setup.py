"""Names the packages: discovery finds two of them, but cannot rename the folder of the third."""

from __future__ import annotations

from setuptools import find_packages, setup

setup(
    packages=[
        *find_packages(include=["text_generation", "text_generation.*", "fake_tgi", "fake_tgi.*"]),
        "tgi_contracts",
        *(f"tgi_contracts.{name}" for name in find_packages("contracts")),
    ]
)
