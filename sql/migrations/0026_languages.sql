-- In which language people are written to.
-- depends: 0025_telegram_links

ALTER TABLE users ADD COLUMN language text NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'de'));
COMMENT ON COLUMN users.language IS 'What pages, messages and reports speak to them.';
