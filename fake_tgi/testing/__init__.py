"""What stands behind the pytest plugin: how a test's fake is configured, judged, told about and recorded.

Nothing here knows pytest: `fake_tgi/pytest_plugin.py` asks and tells. Every pytest run imports this package
and `options`, so neither imports anything.
"""
