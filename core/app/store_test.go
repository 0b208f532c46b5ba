package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/config"
	"github.com/headrace/headrace/core/app"
	"github.com/headrace/headrace/core/testenv"
)

func TestAnEmptyDatabaseIsAnsweredWithTheCommandThatFillsIt(t *testing.T) {
	t.Parallel()
	source := fmt.Sprintf("storage \"postgres\" {\n url = %q\n}\n", testenv.Postgres(t))
	cfg, diags := config.LoadSource("test.hcl", []byte(source), t.TempDir(), config.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	store, err := app.OpenStore(t.Context(), cfg.Storage, 3*time.Second, logger(t))
	if err == nil || !strings.Contains(err.Error(), "headrace migrate up") {
		t.Errorf("got %v, want the command", err)
	}
	if store != nil {
		t.Errorf("a store came with the error: %T", store)
	}
}

func TestAnEmbeddedRedisIsForOneNode(t *testing.T) {
	t.Parallel()
	source := fmt.Sprintf("storage \"postgres\" {\n url = %q\n}\nredis {\n embedded = true\n}\n", testenv.Postgres(t))
	first := node(t, source)
	if _, err := open(t.Context(), file(source), t.TempDir(), logger(t)); err == nil || !strings.Contains(err.Error(), "embedded Redis") {
		t.Errorf("beside a living node: %v", err)
	}
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	node(t, source) // the first has gone, so there is room
}
