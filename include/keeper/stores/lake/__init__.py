"""The lake: raw replies and the files one task of a run hands to the next."""
