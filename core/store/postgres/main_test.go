package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"testing"

	"go.uber.org/goleak"

	"github.com/headrace/headrace/core/store/storetest"
	"github.com/headrace/headrace/core/testenv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// migrated returns the URL of a database of this test with the newest schema.
func migrated(tb testing.TB) string {
	tb.Helper()
	files, err := migrationFiles()
	if err != nil {
		tb.Fatal(err)
	}
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		tb.Fatal(err)
	}
	sum := sha256.New()
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			tb.Fatal(err)
		}
		sum.Write(text)
	}
	return testenv.PostgresFrom(tb, "headrace-schema-"+hex.EncodeToString(sum.Sum(nil)), Migrate)
}

func openStore(tb testing.TB, url string) *Store {
	tb.Helper()
	s, err := Open(tb.Context(), Config{URL: url})
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	tb.Cleanup(s.Close)
	return s
}

func newStore(tb testing.TB) *Store {
	tb.Helper()
	return openStore(tb, migrated(tb))
}

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Exercise(t, func(t *testing.T) storetest.Store { return newStore(t) })
}
