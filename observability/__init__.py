"""What an engineer is told by: metrics, alerts, runbooks, routes, dashboards."""
