-- In which language people are written to.
-- depends: 0024_surplus_kept

ALTER TABLE users ADD COLUMN language text NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'de'));
COMMENT ON COLUMN users.language IS 'What pages, messages and reports speak to them.';
