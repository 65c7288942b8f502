#!/bin/sh
# Prints a secret, or a text with the secret in place of its %s. Airflow reads options so, whose names
# end in _CMD. Secrets are of letters and digits, so an address can hold them as they are.
# shellcheck disable=SC2059 - the text is the compose file's
printf "${2:-%s}" "$(cat "/run/secrets/$1")"
