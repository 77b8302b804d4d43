"""Migrations for who writes them: `just migration new SERVICE "what"`, `just migration check`."""
