package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics of the API. Labels come from closed sets: routes from the document,
// methods and classes of statuses.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	limited  prometheus.Counter
}

func newMetrics(registerer prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "headrace_api_requests_total", Help: "Requests by route, method and class of the status.",
		}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "headrace_api_request_duration_seconds", Help: "Time from the request's header to the end of its answer.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 15), // 0.5 ms to 8 s
		}, []string{"route"}),
		limited: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rate_limit_exceeded", Help: "Requests that a rate limit of the API refused.",
		}),
	}
	if registerer != nil {
		registerer.MustRegister(m.requests, m.duration, m.limited)
	}
	return m
}

// observe counts one request; op is nil when it never reached a route.
func (m *metrics) observe(method string, op *operation, status int, took time.Duration) {
	route := "none"
	if op != nil {
		route = op.route
	}
	m.requests.WithLabelValues(route, knownMethod(method), strconv.Itoa(status/100)+"xx").Inc()
	m.duration.WithLabelValues(route).Observe(took.Seconds())
}

// knownMethod keeps clients from making up labels.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}
