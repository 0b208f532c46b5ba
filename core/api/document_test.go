package api_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/headrace/headrace/core/api"
	"github.com/headrace/headrace/core/auth"
	"github.com/headrace/headrace/sdk/fault"
)

func servedDocument(t *testing.T) (*openapi3.T, routers.Router) {
	t.Helper()
	got := newWorld(t).do(request{method: "GET", target: "/api/openapi.json", as: viewer})
	doc, err := openapi3.NewLoader().LoadFromData([]byte(got.body))
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = nil
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return doc, router
}

func TestDocumentAndPermissionsAgree(t *testing.T) {
	t.Parallel()
	doc, _ := servedDocument(t)
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			want, ok := auth.PermissionOf(op.OperationID)
			if got := op.Extensions["x-permission"]; !ok || got != string(want) {
				t.Errorf("%s %s: x-permission %v, table %q", method, path, got, want)
			}
			if open := op.Security != nil && len(*op.Security) == 0; open != (want == auth.Public) {
				t.Errorf("%s %s: security does not fit %q", method, path, want)
			}
		}
	}
}

func TestDocumentNamesEveryCode(t *testing.T) {
	t.Parallel()
	doc, _ := servedDocument(t)
	if got := len(doc.Components.Schemas["Code"].Value.Enum); got != len(fault.Codes()) {
		t.Errorf("%d codes, want %d", got, len(fault.Codes()))
	}
	for _, code := range fault.Codes() {
		if !bytes.Contains([]byte(newWorld(t).do(request{method: "GET", target: "/api/openapi.json", as: viewer}).body), []byte(`"`+string(code)+`"`)) {
			t.Errorf("%s is missing", code)
		}
	}
}

// TestAnswersFitTheDocument sends requests of every kind and holds each answer,
// its header included, against the schema that the document has for it.
func TestAnswersFitTheDocument(t *testing.T) {
	t.Parallel()
	_, router := servedDocument(t)
	w := newWorld(t)
	w.checks.report = []api.Check{{Name: "db", Vital: true, Reason: "away"}, {Name: "redis"}}
	full := fullTask()
	w.store.put(full)
	bare := newTask("")
	w.store.put(bare)
	for _, q := range []request{
		{method: "POST", target: "/api/tasks", as: admin, body: `{"type":"demo.echo","payload":[1e400],"metadata":{"a":1}}`},
		{method: "POST", target: "/api/tasks", as: admin, body: `{"type":"nope"}`},
		{method: "POST", target: "/api/tasks", as: admin, body: `{`},
		{method: "POST", target: "/api/tasks", as: viewer, body: `{}`},
		{method: "POST", target: "/api/tasks/batch", as: admin, body: `{"tasks":[{"type":"demo.echo"},{"type":"nope"}]}`},
		{method: "POST", target: "/api/tasks/batch", as: admin, body: `{"atomic":true,"tasks":[{"type":"nope"}]}`},
		{method: "GET", target: "/api/tasks", as: viewer},
		{method: "GET", target: "/api/tasks?limit=1", as: viewer},
		{method: "GET", target: "/api/tasks"},
		{method: "GET", target: "/api/tasks?limit=0", as: viewer},
		{method: "GET", target: "/api/tasks/" + full.ID.String(), as: viewer},
		{method: "GET", target: "/api/tasks/" + bare.ID.String(), as: viewer},
		{method: "GET", target: "/api/tasks/" + aTaskID, as: viewer},
		{method: "DELETE", target: "/api/tasks/" + bare.ID.String(), as: admin},
		{method: "DELETE", target: "/api/tasks/" + full.ID.String(), as: admin},
		{method: "GET", target: "/api/tasks/" + bare.ID.String() + "/events", as: viewer},
		{method: "GET", target: "/api/types", as: viewer},
		{method: "GET", target: "/api/nodes", as: viewer},
		{method: "POST", target: "/api/types/demo.echo/pause", as: operator, body: `{"reason":"x","until":"2999-01-01T00:00:00Z"}`},
		{method: "POST", target: "/api/types/demo.echo/pause", as: operator, body: `{}`},
		{method: "POST", target: "/api/types/nope/pause", as: operator, body: `{"reason":"x"}`},
		{method: "POST", target: "/api/types/demo.echo/pause", as: viewer, body: `{"reason":"x"}`},
		{method: "GET", target: "/api/types", as: viewer},
		{method: "POST", target: "/api/types/demo.echo/resume", as: operator},
		{method: "POST", target: "/api/types/nope/resume", as: operator},
		{method: "GET", target: "/api/openapi.json", as: viewer},
		{method: "GET", target: "/health"},
		{method: "GET", target: "/health/redis"},
		{method: "GET", target: "/health/db"},
	} {
		fitsDocument(t, router, q, w.do(q))
	}
}

func fitsDocument(t *testing.T, router routers.Router, q request, got answer) {
	t.Helper()
	r := httptest.NewRequest(q.method, q.target, http.NoBody)
	route, params, err := router.FindRoute(r)
	if err != nil {
		t.Fatalf("%s %s: %v", q.method, q.target, err)
	}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: route, PathParams: params},
		Status:                 got.status, Header: got.header, Body: io.NopCloser(strings.NewReader(got.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
	if err != nil {
		t.Errorf("%s %s, %d: %v\n%s", q.method, q.target, got.status, err, got.body)
	}
}

// TestExamplesFitTheServer submits the examples of the document.
func TestExamplesFitTheServer(t *testing.T) {
	t.Parallel()
	doc, _ := servedDocument(t)
	w := newWorld(t)
	examples := doc.Paths.Value("/api/tasks").Post.RequestBody.Value.Content["application/json"].Examples
	for name, example := range examples {
		body := encode(t, example.Value.Value)
		body = strings.Replace(body, "image.thumbnail", "demo.echo", 1)
		if got := w.submit(body); got.status != http.StatusCreated {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}
