package api

import (
	"net/http"

	"github.com/headrace/headrace/core/api/openapi"
)

// Check is the health of one part of the node.
type Check struct {
	// Name is "redis", "db", or the part's own.
	Name string
	// Reason is why the part is not well, safe to show; empty: it is.
	Reason string
	// Vital: without it the node can do nothing.
	Vital bool
}

// state is the status of a part or of the node.
type state string

const (
	stateOK       state = "ok"
	stateDegraded state = "degraded"
	stateDown     state = "down"
)

// GetHealth tells how the node is.
func (h handlers) GetHealth(w http.ResponseWriter, r *http.Request) {
	checks := h.cfg.Checks.Report(r.Context())
	overall := stateOK
	for _, c := range checks {
		switch {
		case c.Reason == "":
		case c.Vital:
			overall = stateDown
		case overall == stateOK:
			overall = stateDegraded
		}
	}
	h.tellHealth(w, overall, checks)
}

// GetHealthRedis tells whether Redis answers.
func (h handlers) GetHealthRedis(w http.ResponseWriter, r *http.Request) { h.partHealth(w, r, "redis") }

// GetHealthDB tells whether the store answers.
func (h handlers) GetHealthDB(w http.ResponseWriter, r *http.Request) { h.partHealth(w, r, "db") }

// partHealth answers for one part; one that nobody checks is not well.
func (a *API) partHealth(w http.ResponseWriter, r *http.Request, name string) {
	part := Check{Name: name, Reason: "not checked"}
	for _, c := range a.cfg.Checks.Report(r.Context()) {
		if c.Name == name {
			part = c
		}
	}
	overall := stateOK
	if part.Reason != "" {
		overall = stateDown
	}
	a.tellHealth(w, overall, []Check{part})
}

func (a *API) tellHealth(w http.ResponseWriter, overall state, checks []Check) {
	j := jsonWriter{buf: make([]byte, 0, taskBytes)}
	j.open()
	j.text("status", string(overall))
	j.key("checks")
	j.open()
	for _, c := range checks {
		j.check(c)
	}
	j.close()
	j.close()
	status := http.StatusOK
	if overall == stateDown {
		status = http.StatusServiceUnavailable
		setRetryAfter(w.Header(), status, 0)
	}
	a.reply(w, status, plainJSON, j.buf)
}

// check writes one part; the names of plugins match a safe pattern.
func (j *jsonWriter) check(c Check) {
	own := stateOK
	if c.Reason != "" {
		own = stateDown
	}
	j.key(c.Name)
	j.open()
	j.text("status", string(own))
	j.optionalText("reason", c.Reason)
	j.close()
}

// GetMetrics shows the metrics.
func (h handlers) GetMetrics(w http.ResponseWriter, r *http.Request) { h.cfg.Metrics.ServeHTTP(w, r) }

// GetDocument shows the OpenAPI document.
func (h handlers) GetDocument(w http.ResponseWriter, _ *http.Request) {
	h.reply(w, http.StatusOK, plainJSON, openapi.Document())
}
