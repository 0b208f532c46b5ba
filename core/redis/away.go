package redis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/hashicorp/go-hclog"
	goredis "github.com/redis/go-redis/v9"
)

// Away tells whether an error says that Redis cannot be used for now: no
// connection, no answer in time, or an answer that it is not ready (it loads its
// data, it is a replica without its master, its cluster lacks a part).
func Away(err error) bool {
	if answer, ok := errors.AsType[goredis.Error](err); ok {
		code, _, _ := strings.Cut(answer.Error(), " ")
		switch code {
		case "LOADING", "MASTERDOWN", "CLUSTERDOWN", "READONLY", "TRYAGAIN":
			return true
		}
		return false
	}
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, goredis.ErrPoolTimeout) || errors.Is(err, context.DeadlineExceeded)
}

// LogTo sends what the Redis library says by itself to a logger, at level debug:
// each of its errors comes back to a caller too. The library has one logger for
// the process, which is standard error until this is called.
func LogTo(log hclog.Logger) { goredis.SetLogger(libraryLog{log}) }

type libraryLog struct{ log hclog.Logger }

// Printf implements the library's interface.
func (l libraryLog) Printf(_ context.Context, format string, args ...any) {
	l.log.Debug("said by the library: " + fmt.Sprintf(format, args...))
}
