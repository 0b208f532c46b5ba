package config_test

import (
	"encoding/json"
	"errors"

	"github.com/headrace/headrace/config"
)

// fakeSchemas are the plugins that the tests know.
type fakeSchemas map[string]config.Description

func (f fakeSchemas) Describe(p config.PluginRef) (config.Description, error) {
	d, ok := f[p.Name]
	if !ok {
		return d, errors.New("no file " + p.Command + " in " + p.PluginDir + "; build it, or correct command")
	}
	return d, nil
}

func plugins() fakeSchemas {
	return fakeSchemas{
		"demo": describe("", "demo.echo", "demo.fail", "demo.sleep"),
		"http": describe(`{
			"type": "object",
			"properties": {
				"allow_private": {"type": "boolean", "default": false},
				"allow": {"type": ["null", "array"], "items": {"type": "string", "minLength": 3}}
			},
			"additionalProperties": {"not": {}}
		}`, "http.request"),
		"exec": describe(`{
			"type": "object",
			"properties": {"commands": {"type": "object", "additionalProperties": {"type": "string", "pattern": "^/"}}},
			"required": ["commands"],
			"additionalProperties": false
		}`, "exec.command"),
		"thumbs": describe(`{
			"type": "object",
			"$defs": {"host": {
				"type": "object",
				"properties": {
					"name": {"type": "string"},
					"port": {"type": "integer", "minimum": 1, "maximum": 65535, "default": 443}
				},
				"required": ["name"]
			}, "limits": {"properties": {"a": {"type": "integer"}}}},
			"properties": {
				"cache_dir": {"type": "string"},
				"token": {"type": "string", "writeOnly": true, "minLength": 8},
				"password": {"type": "string", "format": "password", "pattern": "^pw-"},
				"quality": {"type": "integer", "minimum": 1, "maximum": 100, "default": 85},
				"mode": {"enum": ["fit", "fill"]},
				"serial": {"type": "integer"},
				"ratio": {"type": "number"},
				"strip": {"type": "boolean"},
				"host": {"type": "array", "items": {"$ref": "#/$defs/host"}},
				"limits": {"$ref": "#/$defs/limits"},
				"size": {"anyOf": [{"type": "integer", "minimum": 1}, {"const": "auto"}]}
			},
			"required": ["cache_dir"]
		}`, "image.thumbnail", "demo.echo"),
		"open": describe(`{"type": "object"}`, "open.task"),
		"bad":  describe(`{"type": "nonsense"}`, "bad.task"),
	}
}

func describe(schema string, types ...string) config.Description {
	d := config.Description{Version: "1.0.0", ConfigSchema: json.RawMessage(schema)}
	for _, name := range types {
		d.TaskTypes = append(d.TaskTypes, config.TaskType{Name: name})
	}
	return d
}
