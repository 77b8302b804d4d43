"""The directory of relays: what is known of each, who says so, and which can help whom."""
