"""A Generation becomes wire values here: one module for each family of routes."""
