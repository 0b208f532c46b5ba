package config

import (
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

func (l *loader) readServer(from *hclsyntax.Block) {
	b, s := l.openBlock(from), &l.cfg.Server
	b.text("listen", &s.Listen, hostPort)
	b.text("name", &s.Name, matches(nodeName, "1 to 64 letters, digits, dots, _ or -"))
	if b.text("plugin_dir", &s.PluginDir, notEmpty) {
		s.PluginDir = l.besideFile(s.PluginDir)
	}
	b.duration("lease", &s.Lease, minLease, maxLease)
	b.duration("shutdown_grace", &s.ShutdownGrace, 0, maxGrace)
	b.close()
	s.Place = b.place
}

func (l *loader) readStorage(from *hclsyntax.Block) {
	if from == nil {
		return
	}
	b, s := l.openBlock(from), &l.cfg.Storage
	s.Kind = StorageKind(from.Labels[0])
	switch s.Kind {
	case StoragePostgres:
		b.require("url", "it says where PostgreSQL is")
		b.secret("url", &s.URL, postgresURL)
	case StorageSQLite:
		b.require("path", "it says which file to use")
		if b.text("path", &s.Path, notEmpty) {
			s.Path = l.besideFile(s.Path)
		}
	case StorageNone:
		fallthrough
	default:
		l.report.origin.hide(from.Body.Range())
		b.errorf(from.LabelRanges[0], "Unknown storage", "there is no storage %q; %s", from.Labels[0],
			suggest(from.Labels[0], []string{string(StoragePostgres), string(StorageSQLite)}))
		return
	}
	b.close()
	s.Place = b.place
}

func (l *loader) readLimits(from *hclsyntax.Block) {
	b := l.openBlock(from)
	b.count("payload", &l.cfg.Limits.Payload, 1, maxPayload)
	b.close()
	l.cfg.Limits.Place = b.place
}

func (l *loader) readAudit(from *hclsyntax.Block) {
	b := l.openBlock(from)
	b.choice("level", &l.cfg.Audit.Level, AuditInfo, AuditDebug)
	b.close()
	l.cfg.Audit.Place = b.place
}

// requireComplete reports the blocks that a server cannot do without.
func (l *loader) requireComplete() {
	at := l.whole
	if source, ok := l.report.origin.sources[at.Filename]; ok && source != nil {
		at.Start, at.End = fileStart, fileStart
	}
	if l.cfg.Storage.Kind == StorageNone && l.cfg.Storage.Place.Block == (hcl.Range{}) {
		l.report.addf(at, "Missing block", `a server needs storage "postgres" { … } or storage "sqlite" { … }`)
	}
	if l.cfg.Redis.Place.Block == (hcl.Range{}) {
		l.report.addf(at, "Missing block", "a server needs redis { … }; embedded = true inside needs no other program")
	}
}

// besideFile joins a relative path to the folder of the configuration.
func (l *loader) besideFile(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(l.folder, path)
}

// The checks say what a text must be; "" when it is.

var (
	nodeName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	objectName = regexp.MustCompile(namePattern)
)

func matches(pattern *regexp.Regexp, must string) func(string) string {
	return func(text string) string {
		if pattern.MatchString(text) {
			return ""
		}
		return must
	}
}

func notEmpty(text string) string {
	if strings.TrimSpace(text) == "" || strings.ContainsRune(text, 0) {
		return "some text"
	}
	return ""
}

func hostPort(text string) string {
	const must = `host:port, such as "127.0.0.1:8080"`
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return must
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return must
	}
	return ""
}

// postgresURL takes a URL, or libpq's "host=… dbname=…".
func postgresURL(text string) string {
	const must = "a URL: postgres://USER:PASSWORD@HOST:PORT/DATABASE"
	if !strings.Contains(text, "://") {
		if strings.Contains(text, "=") {
			return ""
		}
		return must
	}
	return urlWith(text, must, "postgres", "postgresql")
}

func redisURL(text string) string {
	return urlWith(text, "a URL: redis://USER:PASSWORD@HOST:PORT/0 (rediss:// with TLS, unix:// for a socket)",
		"redis", "rediss", "unix")
}

func sentinelAddress(text string) string {
	if strings.Contains(text, "://") {
		return urlWith(text, "host:port or a redis:// URL", "redis", "rediss")
	}
	if hostPort(text) != "" {
		return "host:port or a redis:// URL"
	}
	return ""
}

func urlWith(text, must string, schemes ...string) string {
	u, err := url.Parse(text)
	if err != nil || (u.Host == "" && u.Path == "") {
		return must
	}
	if !slices.Contains(schemes, u.Scheme) {
		return must
	}
	return ""
}
