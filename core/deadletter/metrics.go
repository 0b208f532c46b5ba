package deadletter

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics of the dead letters; the names are those of section S9 of the
// specification.
type metrics struct {
	size, remaining, duration prometheus.Gauge
	cleaned, success, failure prometheus.Counter
}

func newMetrics(registerer prometheus.Registerer) *metrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	m := &metrics{
		size:      gauge("dlq_size", "Dead letters, as counted a few seconds ago."),
		cleaned:   counter("dlq_tasks_cleaned", "Dead letters that clean-ups of this node have removed."),
		remaining: gauge("dlq_tasks_remaining", "Dead letters that the last clean-up of this node has left."),
		duration:  gauge("dlq_cleanup_duration", "Seconds that the last clean-up of this node took."),
		success:   counter("dlq_cleanup_success", "Clean-ups of this node that came to their end."),
		failure:   counter("dlq_cleanup_failure", "Clean-ups of this node that failed."),
	}
	if registerer != nil {
		registerer.MustRegister(m.size, m.remaining, m.duration, m.cleaned, m.success, m.failure)
	}
	return m
}

// cleanedUp notes one clean-up.
func (m *metrics) cleanedUp(c Cleaned, took time.Duration, err error) {
	m.cleaned.Add(float64(c.Removed))
	m.duration.Set(took.Seconds())
	if err != nil {
		m.failure.Inc()
		return
	}
	m.success.Inc()
	m.remaining.Set(float64(c.Remaining))
	m.size.Set(float64(c.Remaining))
}
