"""JSON Schemas in grammars: what the router checks, and the regular expression that it makes of one."""
