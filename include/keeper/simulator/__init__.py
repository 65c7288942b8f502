"""The Keepa simulator: Keepa's protocol over a catalogue made from a seed, for work without a key.

Nothing but the command line and tests may use it; every reply says that it is simulated.
"""
