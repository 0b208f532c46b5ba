package api

import (
	"encoding/hex"
	"net/http"
	"net/netip"
	"strings"

	"github.com/google/uuid"

	"github.com/headrace/headrace/core/auth"
	"github.com/headrace/headrace/core/intake"
)

// exchange is what is known of one request and its answer.
type exchange struct {
	requestID string
	address   netip.Addr
	principal auth.Principal
	// op is nil until the route is known; reach is how far its permission goes.
	op    *operation
	reach auth.Reach
}

type exchangeKey struct{}

// exchangeOf finds the exchange that ServeHTTP made; without one it would be a
// defect, and the panic is answered as one.
func exchangeOf(r *http.Request) *exchange {
	return r.Context().Value(exchangeKey{}).(*exchange) //nolint:errcheck // ServeHTTP put it there; a panic is right otherwise
}

// sees tells whether the request may know of what that principal has made.
func (x *exchange) sees(createdBy string) bool {
	return x.reach == auth.All || createdBy == x.principal.Name
}

// origin is where a submission comes from.
func (x *exchange) origin(r *http.Request) intake.Origin {
	return intake.Origin{
		Principal: x.principal.Name, CorrelationID: correlationID(r, x.requestID),
		Traceparent: traceparent(r), RequestID: x.requestID,
	}
}

// refusal is the request as the audit log sees it.
func (x *exchange) refusal(r *http.Request) auth.Refusal {
	refusal := auth.Refusal{
		Address: x.address.String(), Principal: x.principal.Name,
		RequestID: x.requestID, CorrelationID: correlationID(r, x.requestID),
	}
	if x.op != nil {
		refusal.Operation = x.op.id
	}
	return refusal
}

// maxRequestID bounds the ids that are taken over.
const maxRequestID = 128

// requestID takes over the client's id when it is fit for a log, else makes one.
func requestID(r *http.Request) string {
	given := r.Header["X-Request-Id"]
	if len(given) == 1 && saneID(given[0]) {
		return given[0]
	}
	return uuid.Must(uuid.NewV7()).String()
}

func saneID(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for _, b := range []byte(id) {
		letter := b|0x20 >= 'a' && b|0x20 <= 'z'
		if !letter && (b < '0' || b > '9') && !strings.ContainsRune("-_.:", rune(b)) {
			return false
		}
	}
	return true
}

// correlationID joins the events of a request: the trace id of its traceparent,
// else its request id where that is a UUID, else a new one.
func correlationID(r *http.Request, requestID string) uuid.UUID {
	if parent := traceparent(r); parent != "" {
		return uuid.MustParse(parent[3:35])
	}
	if id, ok := parseID(strings.ToLower(requestID)); ok && id != uuid.Nil {
		return id
	}
	return uuid.New()
}

// traceparent returns the header if it is a valid W3C trace context of version
// 00, else nothing.
func traceparent(r *http.Request) string {
	given := r.Header["Traceparent"]
	if len(given) != 1 || len(given[0]) != 55 {
		return ""
	}
	version, rest, _ := strings.Cut(given[0], "-")
	trace, rest, _ := strings.Cut(rest, "-")
	span, flags, _ := strings.Cut(rest, "-")
	if version != "00" || !lowerHex(trace, 32) || !lowerHex(span, 16) || !lowerHex(flags, 2) ||
		strings.Trim(trace, "0") == "" || strings.Trim(span, "0") == "" {
		return ""
	}
	return given[0]
}

func lowerHex(text string, length int) bool {
	if len(text) != length || strings.ToLower(text) != text {
		return false
	}
	_, err := hex.DecodeString(text)
	return err == nil
}

// parseID reads a UUID in its one usual form: lower case with hyphens.
func parseID(text string) (uuid.UUID, bool) {
	id, err := uuid.Parse(text)
	return id, err == nil && id.String() == text
}
