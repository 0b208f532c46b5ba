package outage

import (
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// echo is how long after a part's return failures are taken for the end of those
// that began before: a statement that was under way reports late.
const echo = 3 * time.Second

// Part is something outside of the node that may be away.
type Part struct {
	cfg Config

	mu sync.Mutex
	// since is when it went; zero while it is there.
	since time.Time
	// back is when it last came back.
	back time.Time
	// failures that were not said aloud in this outage.
	failures int
}

// Config of a Part. All fields are required.
type Config struct {
	// Name in the log, such as "database".
	Name string
	// Blames tells whether an error comes from the part being away.
	Blames func(error) bool
	// Logger is where its going and its return are said.
	Logger hclog.Logger
}

// New makes a part that is there.
func New(cfg Config) *Part { return &Part{cfg: cfg} }

// Away notes that the part was asked and did not answer.
func (p *Part) Away(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.goneLocked(err)
}

// goneLocked begins an outage unless one is under way.
func (p *Part) goneLocked(err error) {
	if !p.since.IsZero() {
		return
	}
	p.since, p.failures = time.Now(), 0
	p.cfg.Logger.Warn("the "+p.cfg.Name+" is away; what fails for that is logged at level debug until it is back", "error", err)
}

// Back notes that the part answers.
func (p *Part) Back() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.since.IsZero() {
		return
	}
	now := time.Now()
	p.cfg.Logger.Info("the "+p.cfg.Name+" is back", "after", now.Sub(p.since).Round(time.Millisecond).String(), "failures", p.failures)
	p.since, p.back = time.Time{}, now
}

// caused tells whether the part is to blame for an error, and counts it.
func (p *Part) caused(err error) bool {
	if !p.cfg.Blames(err) {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.back) > echo {
		p.goneLocked(err)
	}
	p.failures++
	return true
}
