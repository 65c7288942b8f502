"""The local stack: every service Keeper needs, without Docker, under one folder and Supervisor."""
