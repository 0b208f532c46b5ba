package postgres

import (
	"strings"
	"testing"

	"github.com/headrace/headrace/core/testenv/realserver"
)

func TestTLSVerifiesTheServer(t *testing.T) {
	t.Parallel()
	ca, other := realserver.NewAuthority(t), realserver.NewAuthority(t)
	s := realserver.Postgres(t, realserver.PostgresConfig{TLS: ca})
	if !strings.Contains(s.URL, "sslmode=verify-full&sslrootcert="+ca.CA()) {
		t.Fatalf("the URL %s does not verify the server", s.URL)
	}
	if err := Migrate(t.Context(), s.URL); err != nil {
		t.Fatal(err)
	}
	store := openStore(t, s.URL)
	for name, pool := range store.pools() {
		var encrypted bool
		const ask = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
		if err := pool.QueryRow(t.Context(), ask).Scan(&encrypted); err != nil || !encrypted {
			t.Errorf("%s: encrypted %v, %v", name, encrypted, err)
		}
	}
	for name, url := range map[string]string{
		"another authority":          strings.Replace(s.URL, ca.CA(), other.CA(), 1),
		"another host's certificate": strings.Replace(s.URL, "127.0.0.1", "localhost", 1),
		"no such file":               strings.Replace(s.URL, ca.CA(), ca.CA()+".none", 1),
	} {
		if s, err := Open(t.Context(), Config{URL: url}); err == nil {
			s.Close()
			t.Errorf("%s is accepted", name)
		}
	}
}
