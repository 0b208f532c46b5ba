package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"github.com/headrace/headrace/core/api/openapi"
	"github.com/headrace/headrace/core/auth"
)

// operation is what the document says of one method of one path.
type operation struct {
	id         string
	route      string
	permission auth.Permission
	hasBody    bool
	json       bool
	// params are the names of its query parameters, prefixes those of families
	// of them, such as "metadata.".
	params   map[string]bool
	prefixes []string
}

// document is the part of an OpenAPI document that the server obeys.
type document struct {
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components struct {
		Parameters map[string]parameter `json:"parameters"`
	} `json:"components"`
}

// described is an operation as the document writes it.
type described struct {
	OperationID string                     `json:"operationId"`
	Permission  auth.Permission            `json:"x-permission"`
	Parameters  []parameter                `json:"parameters"`
	RequestBody json.RawMessage            `json:"requestBody"`
	Responses   map[string]json.RawMessage `json:"responses"`
}

type parameter struct {
	Ref    string `json:"$ref"`
	Name   string `json:"name"`
	In     string `json:"in"`
	Prefix string `json:"x-prefix"`
}

// readOperations returns the operations by method and path. One whose
// permission the table of auth does not confirm is an error: what nobody
// thought about must not be open.
func readOperations(text []byte) (map[string]*operation, error) {
	var doc document
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	operations := make(map[string]*operation)
	for path, item := range doc.Paths {
		for method, raw := range item {
			method = strings.ToUpper(method)
			if method == "PARAMETERS" {
				continue
			}
			op, err := doc.operation(path, raw)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
			operations[method+" "+path] = op
		}
	}
	return operations, nil
}

func (doc *document) operation(path string, raw json.RawMessage) (*operation, error) {
	var d described
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	known, ok := auth.PermissionOf(d.OperationID)
	if !ok || known != d.Permission {
		return nil, fmt.Errorf("operation %q has the permission %q, the document says %q", d.OperationID, known, d.Permission)
	}
	op := &operation{
		id: d.OperationID, route: path, permission: known, params: map[string]bool{},
		hasBody: len(d.RequestBody) > 0, json: !strings.Contains(string(d.Responses["200"]), "text/plain"),
	}
	for _, p := range d.Parameters {
		if p.Ref != "" {
			p = doc.Components.Parameters[strings.TrimPrefix(p.Ref, "#/components/parameters/")]
		}
		switch {
		case p.In != "query":
		case p.Prefix != "":
			op.prefixes = append(op.prefixes, p.Prefix)
		default:
			op.params[p.Name] = true
		}
	}
	return op, nil
}

// takes tells whether the operation has a query parameter of that name.
func (op *operation) takes(name string) bool {
	if op.params[name] {
		return true
	}
	for _, prefix := range op.prefixes {
		if len(name) > len(prefix) && strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// bindOperations finds the operation of each route of the router.
func bindOperations(router *mux.Router) (map[*mux.Route]*operation, error) {
	operations, err := readOperations(openapi.Document())
	if err != nil {
		return nil, err
	}
	bound := make(map[*mux.Route]*operation)
	err = router.Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		template, err := route.GetPathTemplate()
		if err != nil {
			return err
		}
		methods, err := route.GetMethods()
		if err != nil {
			return err
		}
		for _, method := range methods {
			op := operations[method+" "+template]
			if op == nil {
				return fmt.Errorf("the OpenAPI document does not know %s %s", method, template)
			}
			bound[route] = op
		}
		return nil
	})
	return bound, err
}

// publicPaths are the paths that need no credentials.
func publicPaths(bound map[*mux.Route]*operation) map[string]bool {
	paths := make(map[string]bool)
	for _, op := range bound {
		if op.permission == auth.Public {
			paths[op.route] = true
		}
	}
	return paths
}

// literalPaths are the paths without a parameter. A path with one matches them
// too, and must not answer for them.
func literalPaths(bound map[*mux.Route]*operation) map[string]bool {
	paths := make(map[string]bool)
	for _, op := range bound {
		if !strings.Contains(op.route, "{") {
			paths[op.route] = true
		}
	}
	return paths
}

// strays tells whether an operation was found for a path that is another one's
// own.
func (a *API) strays(op *operation, path string) bool {
	return a.literal[path] && op.route != path
}

// allowed lists the methods that a path takes, for Allow.
func (a *API) allowed(r *http.Request) string {
	var methods []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe := *r
		probe.Method = method
		var match mux.RouteMatch
		if !a.router.Match(&probe, &match) || match.MatchErr != nil || a.strays(a.operations[match.Route], r.URL.Path) {
			continue
		}
		methods = append(methods, method)
		if method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	return strings.Join(methods, ", ")
}
