"""Assignment has no setting of its own: every number comes from the programme's manifest."""
