"""Pictures drawn by the simulator; each says that it is simulated."""
