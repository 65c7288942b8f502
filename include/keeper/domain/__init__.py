"""Pure types and rules: no I/O, no clock, nothing imported from other packages."""
