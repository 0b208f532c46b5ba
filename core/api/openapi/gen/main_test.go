package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestServedDocumentIsUpToDate(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "openapi.json")
	if err := convert("../openapi.yaml", out); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, out), read(t, "../openapi.json")) {
		t.Error("openapi.json is not what openapi.yaml gives: run go generate")
	}
	if bytes.Contains(read(t, out), []byte("x-go-")) {
		t.Error("hints for generators are served")
	}
}

func TestBrokenDocumentsAreRefused(t *testing.T) {
	t.Parallel()
	in := filepath.Join(t.TempDir(), "openapi.yaml")
	for _, text := range []string{"openapi: 3.0.3\ninfo: {title: x, version: '1'}\n", "{", "openapi: 3.0.3\ninfo: {title: x, version: '1'}\npaths: {/x: {get: {responses: {'200': {$ref: '#/nowhere'}}}}}\n"} {
		if err := os.WriteFile(in, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := convert(in, in+".json"); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
