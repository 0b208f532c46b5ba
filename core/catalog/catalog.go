package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/headrace/headrace/config"
	"github.com/headrace/headrace/sdk"
	wire "github.com/headrace/headrace/sdk/proto"
)

// What a description may cost. A Go binary answers in some 20 ms, an
// interpreter in a few hundred.
const (
	describeTimeout = 5 * time.Second
	describeMost    = 4 << 20
)

// Config of a Catalog.
type Config struct {
	// Builtins are the descriptions of the plugins inside the engine's binary.
	Builtins []sdk.Description
	// Serve is the command line that serves a built-in plugin; its name follows.
	Serve []string
}

// Catalog knows the plugins that the engine may run. It implements
// config.Schemas.
type Catalog struct {
	cfg Config

	mu sync.Mutex
	// known holds descriptions by the SHA-256 of the binary.
	known map[string]sdk.Description
}

// Program is the program of one plugin.
type Program struct {
	// Command is the command line that serves it.
	Command []string
	// SHA256 of the binary, in hex.
	SHA256 string
}

// New makes a catalog.
func New(cfg Config) (*Catalog, error) {
	if len(cfg.Builtins) > 0 && len(cfg.Serve) == 0 {
		return nil, errors.New("catalog: built-in plugins need a command that serves them")
	}
	return &Catalog{cfg: cfg, known: map[string]sdk.Description{}}, nil
}

// Find returns the program of a plugin, or says why there is none.
func (c *Catalog) Find(ref config.PluginRef) (Program, error) {
	if ref.Command == "" {
		if _, err := c.builtin(ref.Name); err != nil {
			return Program{}, err
		}
		sum, err := fileSum(c.cfg.Serve[0])
		if err != nil {
			return Program{}, err
		}
		return Program{Command: append(slices.Clone(c.cfg.Serve), ref.Name), SHA256: sum}, nil
	}
	path, err := locate(ref)
	if err != nil {
		return Program{}, err
	}
	sum, err := fileSum(path)
	if err != nil {
		return Program{}, err
	}
	return Program{Command: append([]string{path}, ref.Args...), SHA256: sum}, nil
}

// Describe says what is inside a plugin.
func (c *Catalog) Describe(ref config.PluginRef) (config.Description, error) {
	d, err := c.Full(ref)
	if err != nil {
		return config.Description{}, err
	}
	out := config.Description{Version: d.Version, ConfigSchema: d.ConfigSchema}
	for _, t := range d.TaskTypes {
		out.TaskTypes = append(out.TaskTypes, config.TaskType{
			Name: t.Name, PayloadSchema: t.PayloadSchema, ResultSchema: t.ResultSchema,
		})
	}
	return out, nil
}

// Full is Describe with everything that the plugin says of itself.
func (c *Catalog) Full(ref config.PluginRef) (sdk.Description, error) {
	if ref.Command == "" {
		return c.builtin(ref.Name)
	}
	program, err := c.Find(ref)
	if err != nil {
		return sdk.Description{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if d, ok := c.known[program.SHA256]; ok {
		return d, nil
	}
	d, err := ask(program.Command[0])
	if err != nil {
		return sdk.Description{}, err
	}
	c.known[program.SHA256] = d
	return d, nil
}

func (c *Catalog) builtin(name string) (sdk.Description, error) {
	names := make([]string, 0, len(c.cfg.Builtins))
	for _, d := range c.cfg.Builtins {
		if d.Name == name {
			return d, nil
		}
		names = append(names, d.Name)
	}
	return sdk.Description{}, fmt.Errorf("there is no built-in plugin %q (there are: %s); a plugin of your own needs a command",
		name, strings.Join(names, ", "))
}

// locate finds a command: a name in the plugin folder, or an absolute path.
func locate(ref config.PluginRef) (string, error) {
	path := ref.Command
	if !filepath.IsAbs(path) {
		if path != filepath.Base(path) || path == ".." || path == "." {
			return "", fmt.Errorf("command %q must be a file name in plugin_dir or an absolute path", ref.Command)
		}
		if ref.PluginDir == "" {
			return "", fmt.Errorf("command %q is looked up in plugin_dir, and none is set", ref.Command)
		}
		path = filepath.Join(ref.PluginDir, path)
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", fmt.Errorf("plugin program: %w", err)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("plugin program %s is not a file", path)
	case info.Mode()&0o111 == 0:
		return "", fmt.Errorf("plugin program %s is not executable", path)
	}
	return filepath.Abs(path)
}

func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("plugin program: %w", err)
	}
	defer func() { _ = f.Close() }() // opened for reading
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", fmt.Errorf("read plugin program: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// ask runs the describe command of a binary.
func ask(path string) (sdk.Description, error) {
	ctx, cancel := context.WithTimeout(context.Background(), describeTimeout)
	defer cancel()
	var stdout, stderr limited
	stdout.most, stdout.strict, stderr.most = describeMost, true, 4096
	cmd := exec.CommandContext(ctx, path, wire.DescribeCommand)
	cmd.Env = []string{}
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		if stdout.cut {
			err = fmt.Errorf("the answer is larger than %d bytes", describeMost)
		} else if ctx.Err() != nil {
			err = fmt.Errorf("it gave no answer within %s", describeTimeout)
		}
		return sdk.Description{}, fmt.Errorf("%s %s: %w%s", path, wire.DescribeCommand, err, said(&stderr))
	}
	return read(path, &stdout)
}

// read checks what a binary printed.
func read(path string, stdout *limited) (sdk.Description, error) {
	var d sdk.Description
	if err := json.Unmarshal(stdout.kept.Bytes(), &d); err != nil {
		return sdk.Description{}, fmt.Errorf("%s %s: the answer is not a description: %w", path, wire.DescribeCommand, err)
	}
	if !slices.Contains(d.APIVersions, wire.Version) {
		return sdk.Description{}, fmt.Errorf("%s speaks versions %v of the plugin contract, this engine speaks %d", path, d.APIVersions, wire.Version)
	}
	return d, nil
}

// said is what the binary wrote to stderr, made safe for a terminal.
func said(stderr *limited) string {
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.TrimSpace(stderr.kept.String()))
	if text == "" {
		return ""
	}
	return ": " + text
}

// limited is a buffer that keeps the first bytes and notes that more came. It
// must not embed the buffer: io.Copy would go by its ReadFrom.
type limited struct {
	kept bytes.Buffer
	most int
	// strict: more is an error, which ends the writer; else it is dropped.
	strict bool
	cut    bool
}

var errFull = errors.New("too much output")

// Write implements io.Writer; it keeps what fits.
func (l *limited) Write(p []byte) (int, error) {
	if room := l.most - l.kept.Len(); len(p) > room {
		l.cut = true
		l.kept.Write(p[:room])
		if l.strict {
			return room, errFull
		}
		return len(p), nil
	}
	return l.kept.Write(p)
}
