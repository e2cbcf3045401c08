"""Foreign places secrets come from, one file per format. An importer yields what it found and says what it will not take."""
