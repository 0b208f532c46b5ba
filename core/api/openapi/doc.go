// Package openapi holds the OpenAPI document of the REST API, which is the
// source of the routes and types of the server and of the Go client, and what
// is generated from it. It never answers a request itself.
package openapi

import _ "embed"

//go:generate go run ./gen -in openapi.yaml -out openapi.json
//go:generate go tool -modfile=../../../.tools/gen.mod oapi-codegen -config server.yaml openapi.yaml

// document is what is served; openapi.yaml is what people edit.
//
//go:embed openapi.json
var document []byte

// Document returns the document as JSON; the caller must not change it.
func Document() []byte { return document }
