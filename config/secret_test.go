package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/headrace/headrace/config"
)

const secretive = `
variable "pin" {
  type      = number
  sensitive = true
  default   = 918273
}
storage "postgres" {
  url = env("DB")
}
redis {
  urls = ["redis://:redis-password@a:1"]
}
server {
  name = env("NODE")
}
plugin "thumbs" {
  command = "t"
  args    = ["-key", env("KEY")]
  env     = ["KEY=${env("KEY")}", "PLAIN=plain-value"]
  config {
    cache_dir = "/cache"
    token     = "token-literal"
    serial    = var.pin
  }
}
`

var secretiveEnv = map[string]string{
	"DB": "postgres://u:db-password@h/d", "NODE": "node-secret", "KEY": "key-from-env",
}

var secretValues = []string{
	"db-password", "redis-password", "node-secret", "key-from-env", "token-literal", "918273", "plain-value",
}

func TestNoWayOfPrintingShowsASecret(t *testing.T) {
	t.Parallel()
	cfg := loadWith(t, secretive, secretiveEnv)
	encoded, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "config", cfg)
	printed := map[string]string{
		"Masked":   string(cfg.Masked()),
		"json":     string(encoded),
		"log":      logged.String(),
		"hash":     cfg.Hash(),
		"%v":       fmt.Sprintf("%v", *cfg),
		"%+v":      fmt.Sprintf("%+v", cfg),
		"%#v":      fmt.Sprintf("%#v", cfg),
		"storage":  fmt.Sprintf("%v %+v %#v", cfg.Storage, cfg.Storage, cfg.Storage),
		"redis":    fmt.Sprintf("%v %+v %#v", cfg.Redis, cfg.Redis, cfg.Redis),
		"plugin":   fmt.Sprintf("%v %+v %#v", cfg.Plugins[0].Env, cfg.Plugins[0].Env, cfg.Plugins[0].Env),
		"scrubbed": cfg.Scrub("dial postgres://u:db-password@h/d: key-from-env 918273"),
	}
	for how, text := range printed {
		for _, secret := range secretValues {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows %q: %s", how, secret, text)
			}
		}
	}
	if !strings.Contains(printed["Masked"], `"cache_dir": "/cache"`) {
		t.Errorf("what is no secret is gone too: %s", printed["Masked"])
	}
}

func TestPluginPrintsItsConfigMasked(t *testing.T) {
	t.Parallel()
	p := loadWith(t, secretive, secretiveEnv).Plugins[0]
	encoded, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{p.String(), fmt.Sprintf("%#v", p), string(encoded)} {
		for _, secret := range []string{"token-literal", "918273", "plain-value", "key-from-env"} {
			if strings.Contains(text, secret) {
				t.Errorf("shows %q: %s", secret, text)
			}
		}
	}
}

func TestSecretsAreInClearWhereTheyAreUsed(t *testing.T) {
	t.Parallel()
	cfg := loadWith(t, secretive, secretiveEnv)
	want := `{"cache_dir":"/cache","quality":85,"serial":918273,"token":"token-literal"}`
	if got := string(cfg.Plugins[0].Config); got != want {
		t.Errorf("config is %s, want %s", got, want)
	}
	if got := cfg.Storage.URL.Reveal(); got != secretiveEnv["DB"] {
		t.Errorf("url is %s", got)
	}
	if env := cfg.Plugins[0].Env; env[0].Value.Reveal() != "key-from-env" || env[0].Name != "KEY" || env[0].Pass {
		t.Errorf("env[0] has name %s", env[0].Name)
	}
}

// Many wrong files, one promise: no diagnostic and no snippet has a secret.
func TestNoDiagnosticShowsASecret(t *testing.T) {
	t.Parallel()
	const value = "s3cr3t-value"
	for name, source := range map[string]string{
		"wrong type":            `limits { payload = env("S") }`,
		"conversion":            `locals { a = tonumber(env("S")) }`,
		"json":                  `locals { a = jsondecode(env("S")) }`,
		"index":                 `locals { a = { b = 1 }[env("S")] }`,
		"file name":             `locals { a = file(env("S")) }`,
		"env name":              `locals { a = env(env("S")) }`,
		"enum":                  `audit { level = env("S") }`,
		"duration":              `server { lease = env("S") }`,
		"url literal":           `storage "postgres" { url = "s3cr3t-value" }`,
		"url in two parts":      `storage "postgres" { url = "s3cr3t${"-value"}" }`,
		"url password":          `redis { url = "http://u:s3cr3t-value@h" }`,
		"syntax":                `server { name = "s3cr3t-value" listen = 1 }`,
		"unclosed":              "server {\n name = \"s3cr3t-value\n}",
		"unknown attribute":     `server { token = "s3cr3t-value" }`,
		"unknown block":         `channel "x" { token = "s3cr3t-value" }`,
		"unknown nested block":  `server { x { token = "s3cr3t-value" } }`,
		"top attribute":         `token = "s3cr3t-value"`,
		"labels":                `server "x" { name = "s3cr3t-value" }`,
		"sensitive default":     `variable "v" { default = ["s3cr3t-value"], sensitive = true }`,
		"plugin":                "plugin \"thumbs\" {\n command = \"t\"\n config { token = [\"s3cr3t-value\"] }\n}",
		"plugin unknown":        "plugin \"thumbs\" {\n command = \"t\"\n config { tokn = \"s3cr3t-value\" }\n}",
		"plugin through local":  "locals { x = \"s3cr3t-value\" }\nplugin \"thumbs\" {\n command = \"t\"\n config {\n token = local.x\n cache_dir = [local.x, \"s3cr3t-value\"]\n }\n}",
		"plugin without schema": "plugin \"nobody\" {\n command = \"/t\"\n config { a = { token = \"s3cr3t-value\" }.b }\n}",
		"plugin env":            "plugin \"demo\" { env = [env(\"S\"), \"A=1\", env(\"S\")] }",
		"task plugin":           `task "a" { plugin = env("S") }`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, diags := config.LoadSource("t.hcl", []byte(source), ".", config.Options{
				Schemas:   plugins(),
				LookupEnv: func(name string) (string, bool) { return value, name == "S" },
			})
			if diags.Err() == nil {
				t.Fatal("nothing is wrong")
			}
			var out bytes.Buffer
			if err := diags.Write(&out); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(out.String(), value) {
				t.Error(out.String())
			}
		})
	}
}
