-- lock_type takes the claims of a type with a limit for this transaction, unless
-- another one has them: a claim must not wait here, since a frozen node could
-- hold it up, and with it the claims of all other types. The first number keeps
-- these locks apart from other users of the database.
--
-- $1  type
--
-- Result: whether this transaction has them now.
SELECT pg_try_advisory_xact_lock(1748919393, hashtext($1))
