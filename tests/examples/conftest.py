"""The projects are run in environments of their own, by `run_projects.py`, and not as tests of ours."""

collect_ignore = ["projects"]
