package api

import (
	"net/http"
	"time"

	"github.com/hashicorp/go-hclog"
)

// The time-outs of the server.
const (
	// headerTime is within which a request's header must arrive, bodyTime the
	// request as a whole.
	headerTime = 5 * time.Second
	bodyTime   = 60 * time.Second
	// answerTime bounds the writing of an answer; a stream sets its own
	// deadlines with http.ResponseController.
	answerTime = 120 * time.Second
	// idleTime is how long a connection may wait for its next request.
	idleTime = 120 * time.Second
	// readHeaders is above maxHeaders, so that the API itself can answer 431,
	// as problem details; beyond it net/http does.
	readHeaders = 64 << 10
)

// NewServer makes the HTTP server of a node for a handler; who calls it listens
// and shuts down.
func NewServer(handler http.Handler, log hclog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       bodyTime,
		WriteTimeout:      answerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    readHeaders,
		// OPTIONS * is a request like any other.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
}
