"""Questions laid over a screen, one file each; every dialog returns its answer, or None if it was called off."""
