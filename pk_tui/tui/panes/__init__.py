"""The four panes of the workspace: vaults, nodes, gestalt, notifications."""
