"""Information cards: what may be read to a caller, by whom it was written and until when."""
