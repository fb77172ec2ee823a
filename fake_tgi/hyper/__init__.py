"""HTTP/1 as the router's server library speaks it."""
