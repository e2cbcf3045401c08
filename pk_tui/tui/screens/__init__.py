"""One full screen each: first run, lock, and the workspace with its four panes."""
