package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/headrace/headrace/core/api/openapi"
	"github.com/headrace/headrace/core/breaker"
	"github.com/headrace/headrace/sdk/fault"
)

// Breakers are the circuit breakers. Reset's error is breaker.ErrUnknown.
type Breakers interface {
	List(ctx context.Context) []breaker.Status
	Reset(ctx context.Context, name, by string) (breaker.Status, error)
}

// ListBreakers shows the circuit breakers with their states.
func (h handlers) ListBreakers(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := h.readContext(r)
	defer cancel()
	all := h.cfg.Breakers.List(ctx) //nolint:contextcheck // it is the request's, with a limit
	body := page("breakers", all, func(j *jsonWriter, s *breaker.Status) { j.breaker(s) }, "")
	h.reply(w, http.StatusOK, plainJSON, body)
}

// ResetBreaker closes a circuit breaker by hand.
func (h handlers) ResetBreaker(w http.ResponseWriter, r *http.Request, name openapi.BreakerName) {
	ctx, cancel := h.readContext(r)
	defer cancel()
	status, err := h.cfg.Breakers.Reset(ctx, name, exchangeOf(r).principal.Name)
	if errors.Is(err, breaker.ErrUnknown) {
		err = fault.New(fault.NotFound, "there is no circuit breaker of that name")
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	j := jsonWriter{buf: make([]byte, 0, taskBytes)}
	j.breaker(&status)
	h.reply(w, http.StatusOK, plainJSON, j.buf)
}

func (j *jsonWriter) breaker(s *breaker.Status) {
	kind := "task"
	if strings.HasPrefix(s.Name, "ch.") {
		kind = "channel"
	}
	j.open()
	j.text("name", s.Name)
	j.text("kind", kind)
	j.text("state", string(s.State))
	j.optionalTime("since", s.Since)
	j.optionalNumber("calls", s.Calls)
	j.optionalNumber("failures", s.Failures)
	if s.Local {
		j.truth("local", true)
	}
	j.close()
}
