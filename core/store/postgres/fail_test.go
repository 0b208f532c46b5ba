package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/sdk/fault"
)

func TestErrorsNameTheirFault(t *testing.T) {
	t.Parallel()
	code := func(c string) error { return fmt.Errorf("exec: %w", &pgconn.PgError{Code: c}) }
	const (
		data   = "data"
		outage = "outage"
		defect = "neither"
	)
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"a NUL in a text":                     {code("22021"), data},
		"no JSON":                             {code("22P02"), data},
		"a number out of range":               {code("22003"), data},
		"a known id":                          {code("23505"), data},
		"too large for an index":              {code("54000"), data},
		"too many clients":                    {code("53300"), outage},
		"a full disk":                         {code("53100"), outage},
		"shutting down":                       {code("57P01"), outage},
		"a standby":                           {code("25006"), outage},
		"idle in a transaction":               {code("25P03"), outage},
		"a deadlock":                          {code("40P01"), outage},
		"a lost connection":                   {io.ErrUnexpectedEOF, outage},
		"a time limit that passed":            {fmt.Errorf("exec: %w", context.DeadlineExceeded), outage},
		"a caller that went away":             {fmt.Errorf("exec: %w", context.Canceled), defect},
		"a statement with an error":           {code("42601"), defect},
		"a table that is not there":           {code("42P01"), defect},
		"an older schema":                     {&SchemaError{Have: 1, Want: 2}, defect},
		"an older server":                     {&VersionError{Version: "13.1"}, defect},
		"what was found to be refused before": {&task.RefusedError{Err: errors.New("x")}, data},
	} {
		err := fail("try", test.err)
		got := defect
		var refused *task.RefusedError
		switch {
		case errors.As(err, &refused):
			got = data
		case fault.CodeOf(err) == fault.ServiceUnavailable:
			got = outage
		}
		if got != test.want {
			t.Errorf("%s: %v blames %s, want %s", name, err, got, test.want)
		}
		if !errors.Is(err, test.err) {
			t.Errorf("%s: the cause is lost", name)
		}
		if f := fault.From(err, fault.InternalError); got == outage && f.RetryAfter <= 0 {
			t.Errorf("%s: no time to retry after", name)
		}
	}
}
