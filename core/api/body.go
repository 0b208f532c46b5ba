package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"net/http"

	"github.com/headrace/headrace/core/api/strictjson"
	"github.com/headrace/headrace/sdk/fault"
)

const (
	// envelope is the room for everything but the payload in the body of one
	// submission: metadata has 64 KiB, a description at most 24 KiB.
	envelope = 256 << 10
	// batchBody bounds the body of a batch.
	batchBody = 32 << 20
	// trusted is how much memory a declared length gets before anything came.
	trusted = 64 << 10
)

// readBody reads a body of at most limit bytes and checks that it is one JSON
// document.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) (json.RawMessage, error) {
	if r.ContentLength > limit {
		return nil, tooLarge(w, limit)
	}
	var buf bytes.Buffer
	buf.Grow(int(min(max(r.ContentLength, 0), trusted)) + bytes.MinRead)
	if _, err := buf.ReadFrom(http.MaxBytesReader(w, r.Body, limit)); err != nil {
		return nil, bodyFault(w, err, limit)
	}
	if err := strictjson.Check(buf.Bytes()); err != nil {
		return nil, fault.New(fault.InvalidInput, "the body is not acceptable JSON: "+err.Error())
	}
	return buf.Bytes(), nil
}

func tooLarge(w http.ResponseWriter, limit int64) error {
	w.Header().Set("Connection", "close")
	return refuse(http.StatusRequestEntityTooLarge, &fault.Error{
		Code: fault.InvalidInput, Msg: "the body is too large", Details: map[string]any{"limit": limit},
	})
}

// bodyFault says why a body did not arrive.
func bodyFault(w http.ResponseWriter, err error, limit int64) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return tooLarge(w, limit)
	}
	w.Header().Set("Connection", "close")
	msg := "the body ended too early"
	if slow, ok := errors.AsType[net.Error](err); ok && slow.Timeout() {
		msg = "the body did not arrive in time"
	}
	return &fault.Error{Code: fault.InvalidInput, Op: "api.readBody", Msg: msg, Err: err}
}
