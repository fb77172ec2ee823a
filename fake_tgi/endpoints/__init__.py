"""The router's routes: each endpoint turns one Call into frames.

What they share is in `fake_tgi.state` and `fake_tgi.infer`.
"""
