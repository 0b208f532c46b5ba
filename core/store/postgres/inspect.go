package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Inspector looks at a database beside the nodes that work with it, and changes
// nothing. It is for one caller at a time.
type Inspector struct {
	conn *pgx.Conn
}

// Inspect connects to a database of any version and any schema.
func Inspect(ctx context.Context, url string) (*Inspector, error) {
	conn, err := connect(ctx, url)
	if err != nil {
		return nil, fail("inspect", err)
	}
	if _, err := conn.Exec(ctx, "SET default_transaction_read_only = on; SET jit = off"); err != nil {
		return nil, fail("inspect", errors.Join(err, conn.Close(ctx)))
	}
	return &Inspector{conn: conn}, nil
}

// Close ends the connection.
func (i *Inspector) Close(ctx context.Context) error {
	if err := i.conn.Close(ctx); err != nil {
		return fmt.Errorf("end the inspection: %w", err)
	}
	return nil
}

// Version is what the server says of itself; a *VersionError: it is too old.
func (i *Inspector) Version(ctx context.Context) (version string, err error) {
	if err := i.conn.QueryRow(ctx, "SELECT current_setting('server_version')").Scan(&version); err != nil {
		return "", fail("inspect the version", err)
	}
	return version, checkVersion(ctx, i.conn)
}

// Schema is the version of the schema; a *SchemaError: it is not that of this
// program.
func (i *Inspector) Schema(ctx context.Context) (version int64, err error) {
	if version, err = schemaVersion(ctx, i.conn); err != nil {
		return 0, fail("inspect the schema", err)
	}
	return version, checkSchema(ctx, i.conn)
}

// Clock is the server's time now.
func (i *Inspector) Clock(ctx context.Context) (now time.Time, err error) {
	if err := i.conn.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&now); err != nil {
		return time.Time{}, fail("inspect the clock", err)
	}
	return now, nil
}

// RightsError says what the user lacks.
type RightsError struct {
	User string
	// Missing are rights in words.
	Missing []string
}

// Error names them all.
func (e *RightsError) Error() string {
	return fmt.Sprintf("user %s lacks: %s", e.User, strings.Join(e.Missing, "; "))
}

// missingRights lists what the current user may not do to the tables of the
// schema. Whoever makes a partition must own its parent.
const missingRights = `
SELECT verb || ' on ' || relname
FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS verb
WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
    AND relname <> 'goose_db_version' AND NOT has_table_privilege(oid, verb)
UNION ALL
SELECT 'SELECT on goose_db_version' WHERE NOT has_table_privilege('goose_db_version', 'SELECT')
UNION ALL
SELECT 'to own ' || relname || ', to make its partitions'
FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind = 'p' AND NOT pg_has_role(relowner, 'USAGE')
UNION ALL
SELECT 'CREATE on schema ' || current_schema() WHERE NOT has_schema_privilege(current_schema(), 'CREATE')
ORDER BY 1`

// Rights is who the user is; a *RightsError says what he lacks of what a node
// does with the schema.
func (i *Inspector) Rights(ctx context.Context) (user string, err error) {
	if err := i.conn.QueryRow(ctx, "SELECT current_user").Scan(&user); err != nil {
		return "", fail("inspect the rights", err)
	}
	missing, err := collect(ctx, i.conn, pgx.RowTo[string], missingRights)
	if err != nil {
		return user, fail("inspect the rights", err)
	}
	if len(missing) > 0 {
		return user, &RightsError{User: user, Missing: missing}
	}
	return user, nil
}
