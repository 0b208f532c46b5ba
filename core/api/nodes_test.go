package api_test

import (
	"net/http"
	"testing"
)

func TestNodesAreShownAsTheStoreHasThem(t *testing.T) {
	t.Parallel()
	got := newWorld(t).do(request{method: "GET", target: "/api/nodes", as: operator})
	const want = `{"nodes":[{"id":"ffffffff-ffff-ffff-ffff-ffffffffffff","name":"second","version":"1.0.0","state":"alive",` +
		`"leader":true,"running":2,"started":"2030-01-02T03:04:05.000Z","lease_until":"2030-01-02T03:04:05.000Z","config_hash":""},` +
		`{"id":"01000000-0000-0000-0000-000000000000","name":"first","version":"1.0.0","state":"gone","leader":false,"running":0,` +
		`"started":"2030-01-02T03:04:05.000Z","lease_until":"2030-01-02T03:04:05.000Z","dead_at":"2030-01-02T03:04:05.000Z","config_hash":""}]}`
	if body := string(got.body); got.status != http.StatusOK || body != want {
		t.Errorf("%d %s", got.status, body)
	}
}
