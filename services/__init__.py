"""The services: each decides one thing, says it as events, and never imports another."""
