ALTER TABLE reconciliations DROP COLUMN surplus_kept;
