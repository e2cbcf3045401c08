"""What a verb does, from the first question to the last sentence; panes call these."""
