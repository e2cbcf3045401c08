"""The second window: the same agent without glass. One function per verb; plain text for people, JSON for programs."""
