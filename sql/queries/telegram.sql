-- Telegram accounts of users: codes that link them, links, and the tokens of minutes behind them.

-- name: keep_code
-- Keeps the digest of a user's new code; a former one is worth nothing from then on.
INSERT INTO telegram_codes (user_id, digest, expires_at)
VALUES (%(user_id)s, %(digest)s, %(expires_at)s)
ON CONFLICT (user_id) DO UPDATE SET digest = excluded.digest, expires_at = excluded.expires_at

-- name: use_code
-- Uses a code up and returns whose it is; no row if there is none, or it was used or has expired. Of
-- two at once only one gets a row.
DELETE FROM telegram_codes c USING users u
WHERE u.user_id = c.user_id AND c.digest = %(digest)s AND c.expires_at > %(at)s
RETURNING u.user_id, u.email, u.role

-- name: drop_code
-- Lets a user's code be worth nothing.
DELETE FROM telegram_codes WHERE user_id = %(user_id)s

-- name: find_link
-- Returns a user's link; no row if there is none.
SELECT telegram_id, linked_at FROM telegram_links WHERE user_id = %(user_id)s

-- name: find_linked
-- Returns whose a Telegram account is; no row if it is nobody's. The link stays until the
-- transaction ends.
SELECT u.user_id, u.email, u.role
FROM telegram_links l JOIN users u USING (user_id)
WHERE l.telegram_id = %(telegram_id)s
FOR KEY SHARE OF l

-- name: find_chat
-- Returns a row if an address is the private chat of a linked account; its number is the account's.
SELECT telegram_id FROM telegram_links WHERE telegram_id::text = %(address)s

-- name: add_link
-- Links a Telegram account to a user, whose former one is linked no more; violates a unique
-- constraint if the account is another user's.
INSERT INTO telegram_links (user_id, telegram_id, linked_at)
VALUES (%(user_id)s, %(telegram_id)s, %(at)s)
ON CONFLICT (user_id) DO UPDATE
    SET telegram_id = excluded.telegram_id, linked_at = excluded.linked_at

-- name: end_link
-- Ends a user's link with all tokens behind it, and returns which account it was; no row if there is
-- none.
DELETE FROM telegram_links WHERE user_id = %(user_id)s RETURNING telegram_id

-- name: drop_short_tokens
-- Drops the tokens of minutes of a user: those that have expired, or all.
DELETE FROM short_tokens
WHERE user_id = %(user_id)s AND (%(all)s OR expires_at <= %(at)s)

-- name: add_short_token
-- Adds a token of minutes.
INSERT INTO short_tokens (user_id, means, digest, expires_at)
VALUES (%(user_id)s, %(means)s, %(digest)s, %(expires_at)s)

-- name: find_short_token
-- Returns a token of minutes that has not expired, with whose it is.
SELECT t.means, t.expires_at, u.user_id, u.email, u.role
FROM short_tokens t JOIN users u USING (user_id)
WHERE t.digest = %(digest)s AND t.expires_at > %(at)s

-- name: keep_bot
-- Keeps what the bot is called at Telegram.
INSERT INTO telegram_bot (username) VALUES (%(username)s)
ON CONFLICT (is_the_one) DO UPDATE SET username = excluded.username

-- name: find_bot
-- Returns what the bot is called at Telegram; no row if none has started yet.
SELECT username FROM telegram_bot

-- name: recall
-- Returns what the bot remembers under a key; no row if nothing, or no longer.
SELECT value FROM bot_memory WHERE key = %(key)s AND expires_at > %(at)s

-- name: remember
-- Lets the bot remember something until a moment.
INSERT INTO bot_memory (key, value, expires_at) VALUES (%(key)s, %(value)s, %(until)s)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at

-- name: remember_first
-- Lets the bot remember something until a moment, and returns its key; no row if it remembers
-- something under it already.
INSERT INTO bot_memory (key, value, expires_at) VALUES (%(key)s, %(value)s, %(until)s)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
WHERE bot_memory.expires_at <= %(at)s
RETURNING key

-- name: forget
-- Lets the bot forget what it remembers under a key.
DELETE FROM bot_memory WHERE key = %(key)s

-- name: forget_old
-- Lets the bot forget what it was to remember until before a moment.
DELETE FROM bot_memory WHERE expires_at <= %(at)s
