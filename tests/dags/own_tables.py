"""Runs a command of Airflow on tables of its own: `python own_tables.py COMMAND ARGUMENTS`.

The process this is a fork of has connected to the tables that the tests share.
"""

import sys

from airflow import settings
from airflow.__main__ import main

settings.dispose_orm()
settings.configure_vars()
settings.configure_orm()
sys.argv[0] = "airflow"
main()
