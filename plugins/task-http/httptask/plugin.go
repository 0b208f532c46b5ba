package httptask

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/headrace/headrace/sdk"
	"github.com/headrace/headrace/sdk/netguard"
)

// Name is the plugin's name in the configuration.
const Name = "http"

// Config is the plugin's config block.
type Config struct {
	// AllowPrivate lets requests reach addresses that are not public.
	AllowPrivate bool `json:"allow_private,omitempty" description:"let requests reach loopback, private and link-local addresses"`
	// Allow lists networks that may be reached although they are not public.
	Allow []string `json:"allow,omitempty" description:"networks (CIDR) that may be reached although they are not public"`
	// MaxResponse is the largest body of an answer in bytes.
	MaxResponse int64 `json:"max_response,omitempty" default:"1048576" description:"largest body of an answer, in bytes"`

	client *http.Client
}

// maxMaxResponse keeps a result within what the wire takes, base64 included.
const maxMaxResponse = 8 << 20

// Plugin returns the plugin, to be served.
func Plugin() sdk.Plugin {
	return sdk.Plugin{
		Name:    Name,
		Version: "1.0.0",
		Config: sdk.ConfigOf(
			sdk.OnOpen(open),
			sdk.OnClose(func(c Config) { c.client.CloseIdleConnections() }),
		),
		Tasks: []sdk.TaskType{
			sdk.Task("http.request", request, sdk.WithDescription("sends one HTTP request")),
		},
	}
}

// open makes the client that all tasks share.
func open(_ context.Context, c *Config) []sdk.Diagnostic {
	if c.MaxResponse < 1 || c.MaxResponse > maxMaxResponse {
		return []sdk.Diagnostic{{
			Path:    []string{"max_response"},
			Summary: "Size out of range",
			Detail:  "max_response is between 1 and " + strconv.Itoa(maxMaxResponse) + " bytes",
		}}
	}
	allow, err := netguard.ParseAllow(c.Allow)
	if err != nil {
		path := []string{"allow"}
		if bad, ok := errors.AsType[*netguard.AllowError](err); ok {
			path = append(path, strconv.Itoa(bad.Index))
		}
		return []sdk.Diagnostic{{Path: path, Summary: "No network", Detail: err.Error()}}
	}
	c.client = netguard.NewClient(netguard.ClientConfig{
		Guard: netguard.Guard{AllowPrivate: c.AllowPrivate, Allow: allow},
	})
	return nil
}
