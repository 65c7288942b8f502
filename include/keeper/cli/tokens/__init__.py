"""`keeper keepa`: the plan and the tokens."""
