"""What brings the platform up: the embedded runtime, its commands, programme manifests."""
