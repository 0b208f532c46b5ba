package app_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headrace/headrace/core/testenv/realserver"
)

// onRedis configures a node with a store of its own.
func onRedis(t *testing.T, url, more string) string {
	t.Helper()
	store, _, _ := strings.Cut(sqliteFile(t.TempDir()), "redis {")
	return fmt.Sprintf("%sredis {\n url = %q\n%s}\n", store, url, more)
}

func TestAStartIsRefusedWhenRedisEvicts(t *testing.T) {
	t.Parallel()
	s := realserver.Redis(t, realserver.RedisConfig{Lines: []string{"maxmemory-policy allkeys-lru"}})
	a, err := open(t.Context(), file(onRedis(t, s.URL, "")), t.TempDir(), logger(t))
	if err == nil {
		t.Fatalf("a node starts beside a Redis that evicts: %v", a)
	}
	for _, want := range []string{"allkeys-lru", "noeviction"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
}

func TestANodeReachesRedisOverTLS(t *testing.T) {
	t.Parallel()
	ca := realserver.NewAuthority(t)
	s := realserver.Redis(t, realserver.RedisConfig{TLS: ca})
	tls := fmt.Sprintf("tls {\n ca = %q\n cert = %q\n key = %q\n}\n", ca.CA(), ca.ClientCert(), ca.ClientKey())
	r := node(t, onRedis(t, s.URL, tls))
	r.wait(r.submit(`{"type":"demo.echo"}`), "completed")
	if status, _ := r.call("GET", "/health/redis", ""); status != 200 {
		t.Errorf("redis is not well: %d", status)
	}
}
