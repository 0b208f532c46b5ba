package process

import (
	"fmt"
	"os"
	"slices"
	"strings"

	wire "github.com/headrace/headrace/sdk/proto"
)

// inherited are the variables that every plugin sees of the engine's own.
var inherited = []string{"PATH", "HOME", "TZ", "LANG"}

// Environment builds a plugin's environment by allow-list: PATH, HOME, TZ and
// LANG of the engine, and the given entries, each either NAME, which passes the
// engine's value on, or NAME=VALUE. What is not set in the engine stays unset.
func Environment(entries []string) []string {
	var env []string
	for _, entry := range slices.Concat(inherited, entries) {
		if strings.Contains(entry, "=") {
			env = append(env, entry)
		} else if value, ok := os.LookupEnv(entry); ok {
			env = append(env, entry+"="+value)
		}
	}
	return env
}

// CheckEnvironment refuses entries that are malformed or would change the
// handshake.
func CheckEnvironment(entries []string) error {
	for _, entry := range entries {
		name, value, _ := strings.Cut(entry, "=")
		switch {
		case name == "" || strings.ContainsAny(name, " \x00") || strings.Contains(value, "\x00"):
			return fmt.Errorf("%q is no name of an environment variable", Clean(name, 64))
		case name == wire.CookieKey || strings.HasPrefix(name, "PLUGIN_"):
			return fmt.Errorf("the environment variable %s belongs to the handshake", name)
		}
	}
	return nil
}
