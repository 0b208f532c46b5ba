package client

import (
	"errors"
	"time"

	"github.com/headrace/headrace/sdk/fault"
)

// passing tells whether an error may go away by itself.
func passing(err error) bool {
	switch fault.CodeOf(err) {
	case fault.ServiceUnavailable, fault.NetworkError, fault.RateLimitExceeded:
		return true
	default:
		return false
	}
}

// retryOf is how long the server asked to wait.
func retryOf(err error) time.Duration {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.RetryAfter
	}
	return 0
}
