package config

import (
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// DeadLetter is the `dead_letter` block: what becomes of tasks that were given
// up.
type DeadLetter struct {
	// MaxSize is how many are kept, Retention how long.
	MaxSize   int           `json:"max_size"`
	Retention time.Duration `json:"retention"`
	// AutoRetry redrives them without being asked, up to RetryLimit times, after
	// Backoff, doubled with each redrive.
	AutoRetry  bool          `json:"auto_retry"`
	RetryLimit int           `json:"retry_limit"`
	Backoff    time.Duration `json:"backoff"`
	// CleanupEvery is the time between two clean-ups.
	CleanupEvery time.Duration `json:"cleanup_every"`
	Place        Place         `json:"-"`
}

// Archive is the `archive` block: where what leaves the store is kept.
type Archive struct {
	// Path of the folder of archive "local"; empty: nothing is archived. A
	// relative one is joined to the folder of the configuration.
	Path  string `json:"path,omitempty"`
	Place Place  `json:"-"`
}

// ArchiveLocal is the label of an archive in a folder.
const ArchiveLocal = "local"

// Bounds of the dead_letter block, wide enough for every use we know.
const (
	maxDeadLetters = 100_000_000
	minRetention   = time.Second
	maxRetention   = 100 * 366 * 24 * time.Hour
	minCleanup     = time.Second
	maxCleanup     = 7 * 24 * time.Hour
)

func (l *loader) readDeadLetter(from *hclsyntax.Block) {
	b, d := l.openBlock(from), &l.cfg.DeadLetter
	b.count("max_size", &d.MaxSize, 0, maxDeadLetters)
	b.duration("retention", &d.Retention, minRetention, maxRetention)
	b.flag("auto_retry", &d.AutoRetry)
	b.count("retry_limit", &d.RetryLimit, 1, maxRetries)
	b.duration("backoff", &d.Backoff, minDuration, maxRetryDelay)
	b.duration("cleanup_every", &d.CleanupEvery, minCleanup, maxCleanup)
	b.close()
	d.Place = b.place
}

func (l *loader) readArchive(from *hclsyntax.Block) {
	if from == nil {
		return
	}
	b, a := l.openBlock(from), &l.cfg.Archive
	if from.Labels[0] != ArchiveLocal {
		l.report.origin.hide(from.Body.Range())
		b.errorf(from.LabelRanges[0], "Unknown archive", "there is no archive %q; %s", from.Labels[0],
			suggest(from.Labels[0], []string{ArchiveLocal}))
		return
	}
	b.require("path", "it says which folder to use")
	if b.text("path", &a.Path, notEmpty) {
		a.Path = l.besideFile(a.Path)
	}
	b.close()
	a.Place = b.place
}
