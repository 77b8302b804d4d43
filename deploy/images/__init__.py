"""The images of the platform: what they hold, and how they are built without a registry."""
