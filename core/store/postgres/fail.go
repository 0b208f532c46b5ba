package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/headrace/headrace/core/task"
	"github.com/headrace/headrace/sdk/fault"
)

// retryAfter is the wait that callers are told when the database is away: about
// what a restart or a change of the primary takes at best.
const retryAfter = 2 * time.Second

// fail names what was tried and says whose fault an error is: a
// *task.RefusedError blames the data, a *fault.Error with ServiceUnavailable
// the database or the way to it. The end of the caller's own context and what
// is a defect of a statement stay as they are.
func fail(op string, err error) error {
	if refused := new(task.RefusedError); errors.As(err, &refused) {
		return err
	}
	if known := new(fault.Error); errors.As(err, &known) {
		return err
	}
	wrapped := fmt.Errorf("%s: %w", op, err)
	var answer *pgconn.PgError
	switch {
	case errors.As(err, &answer) && blamesData(answer.Code):
		return &task.RefusedError{Err: wrapped}
	case errors.As(err, &answer) && !passes(answer.Code):
		return wrapped
	case answer == nil && !blamesConnection(err):
		return wrapped
	}
	return &fault.Error{
		Code: fault.ServiceUnavailable, Op: "postgres." + op, Msg: "the database does not answer",
		RetryAfter: retryAfter, Err: wrapped,
	}
}

// blamesData tells whether an answer says that a value cannot be kept. By class,
// see appendix A of PostgreSQL's manual: data exception, integrity constraint
// violation, program limit exceeded (a value too large for an index, a document
// nested too deeply).
func blamesData(code string) bool {
	switch code[:2] {
	case "22", "23", "54":
		return true
	}
	return false
}

// passes tells whether an answer is a state of the server that ends without a
// change of the program: connection exception, transaction rolled back by the
// server, time-out inside a transaction, a standby that cannot write, resources
// at an end, operator intervention, system error.
func passes(code string) bool {
	if code == "25P03" || code == "25006" {
		return true
	}
	switch code[:2] {
	case "08", "40", "53", "57", "58":
		return true
	}
	return false
}

// blamesConnection tells an error of the way to the database from the end of the
// caller's own wish and from a schema that does not fit.
func blamesConnection(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false
	}
	var schema *SchemaError
	var version *VersionError
	if errors.As(err, &schema) || errors.As(err, &version) {
		return false
	}
	var parse *pgconn.ParseConfigError
	return !errors.As(err, &parse)
}
