UPDATE audit_log SET actor = 'token' WHERE actor = 'bot';
ALTER TABLE audit_log
    DROP CONSTRAINT audit_log_actor_check,
    ADD CONSTRAINT audit_log_actor_check CHECK (actor IN ('user', 'token', 'command'));
DROP TABLE bot_memory, telegram_bot, short_tokens, telegram_codes, telegram_links;
DROP FUNCTION notify_changed_links();
