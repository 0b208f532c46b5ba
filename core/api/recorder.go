package api

import "net/http"

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	// status is 0 until the answer has begun.
	status int
}

// WriteHeader begins the answer.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write begins the answer with 200 if nothing else did.
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap gives http.ResponseController what lies below.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
