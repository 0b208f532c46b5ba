package breaker

import "github.com/prometheus/client_golang/prometheus"

// metrics of the breakers. The name without a prefix is a contract.
type metrics struct {
	trips  prometheus.Counter
	states *prometheus.GaugeVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		trips: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "circuit_breaker_trips", Help: "Circuit breakers that this node has seen open by outcomes it reported.",
		}),
		states: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "headrace_circuit_breaker_state",
			Help: "State of each circuit breaker as this node knows it: 0 closed, 1 half-open, 2 open.",
		}, []string{"breaker"}),
	}
	if reg != nil {
		reg.MustRegister(m.trips, m.states)
	}
	return m
}

func (m *metrics) state(name string, s State) {
	value := map[State]float64{Closed: 0, HalfOpen: 1, Open: 2}[s]
	m.states.WithLabelValues(name).Set(value)
}
