package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headrace/headrace/sdk/fault"
	"github.com/headrace/headrace/sdk/plugintest"
)

// pictures is the folder of pictures that ships with Go.
func pictures(t *testing.T) string {
	t.Helper()
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(root)), "src", "image", "testdata")
}

// start runs the plugin with a folder for the thumbnails.
func start(t *testing.T, config map[string]any) (*plugintest.Plugin, string) {
	t.Helper()
	output := filepath.Join(t.TempDir(), "made", "when", "missing")
	config["output_dir"] = output
	return plugintest.Start(t, plugin(), plugintest.WithConfig(config)), output
}

// thumbnail runs one task that has to succeed.
func thumbnail(t *testing.T, p *plugintest.Plugin, payload any) ThumbnailResult {
	t.Helper()
	raw, failed := p.Run(t.Context(), "image.thumbnail", payload)
	if failed != nil {
		t.Fatalf("%v: %v", payload, failed)
	}
	var result ThumbnailResult
	if err := json.Unmarshal(raw, &result); err != nil {
		t.Fatal(err)
	}
	return result
}

func TestEveryPictureThatShipsWithGo(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(pictures(t), "*.*"))
	if err != nil || len(files) < 30 {
		t.Fatalf("%d pictures, %v", len(files), err)
	}
	p, output := start(t, map[string]any{})
	for _, source := range files {
		result := thumbnail(t, p, ThumbnailRequest{Source: source, Max: 64})
		if max(result.Width, result.Height) != min(64, max(result.SourceWidth, result.SourceHeight)) {
			t.Errorf("%s: %+v", source, result)
		}
		checkFile(t, output, result)
	}
}

// checkFile compares the file with what the result says about it.
func checkFile(t *testing.T, output string, result ThumbnailResult) {
	t.Helper()
	data, err := os.ReadFile(result.Path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	if hex.EncodeToString(sum[:]) != result.SHA256 || len(data) != result.Size || filepath.Dir(result.Path) != output {
		t.Errorf("%+v does not describe the file", result)
	}
	header, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || format != result.Format || header.Width != result.Width || header.Height != result.Height {
		t.Errorf("%+v, but the file is a %s of %d x %d, %v", result, format, header.Width, header.Height, err)
	}
}

// paint writes a PNG and returns its path.
func paint(t *testing.T, dir string, width, height int, at func(x, y int) color.Color) string {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			picture.Set(x, y, at(x, y))
		}
	}
	var data bytes.Buffer
	if err := png.Encode(&data, picture); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, fmt.Sprintf("%dx%d.png", width, height))
	if err := os.WriteFile(path, data.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// half is the first half of a file.
func half(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data[:len(data)/2]
}

func red(int, int) color.Color { return color.NRGBA{R: 200, G: 10, B: 10, A: 255} }

func TestARepeatedTaskLeavesOneFile(t *testing.T) {
	t.Parallel()
	p, output := start(t, map[string]any{})
	source := paint(t, t.TempDir(), 300, 200, red)
	first := thumbnail(t, p, map[string]any{"source": source})
	if second := thumbnail(t, p, map[string]any{"source": source}); second != first {
		t.Errorf("%+v, then %+v", first, second)
	}
	files, err := os.ReadDir(output)
	if err != nil || len(files) != 1 {
		t.Errorf("files %v, %v", files, err)
	}
	if first.Width != 128 || first.Height != 85 || first.Format != "png" {
		t.Errorf("%+v", first)
	}
}

func TestBadSourcesFailForGood(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	text := filepath.Join(folder, "text")
	if err := os.WriteFile(text, []byte("no picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	large := paint(t, folder, 40, 40, red)
	cut := filepath.Join(folder, "cut.png")
	if err := os.WriteFile(cut, half(t, paint(t, folder, 30, 30, red)), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(folder, "link.png")
	secret := paint(t, t.TempDir(), 20, 20, red)
	if err := os.Symlink(secret, link); err != nil {
		t.Fatal(err)
	}
	p, _ := start(t, map[string]any{"source_dir": folder, "max_pixels": 1000})
	tests := map[string]struct {
		payload any
		code    fault.Code
	}{
		"no picture":       {map[string]any{"source": text}, fault.ValidationError},
		"half a picture":   {map[string]any{"source": cut}, fault.ValidationError},
		"too many pixels":  {map[string]any{"source": large}, fault.ValidationError},
		"missing":          {map[string]any{"source": filepath.Join(folder, "none")}, fault.NotFound},
		"outside":          {map[string]any{"source": secret}, fault.ValidationError},
		"outside by dots":  {map[string]any{"source": "../x"}, fault.ValidationError},
		"outside by link":  {map[string]any{"source": link}, fault.ValidationError},
		"a folder":         {map[string]any{"source": "."}, fault.ValidationError},
		"no side":          {map[string]any{"source": large, "max": 0}, fault.ValidationError},
		"too long a side":  {map[string]any{"source": large, "max": 4097}, fault.ValidationError},
		"no source":        {map[string]any{}, fault.ValidationError},
		"an unknown field": {map[string]any{"source": large, "colour": 1}, fault.ValidationError},
	}
	for name, tt := range tests {
		outcome := p.Do(t.Context(), plugintest.Task{Type: "image.thumbnail", Payload: tt.payload})
		if outcome.Fault == nil || outcome.Fault.Code != tt.code || outcome.Retry {
			t.Errorf("%s: %+v", name, outcome)
		}
	}
	if small := paint(t, folder, 10, 10, red); thumbnail(t, p, map[string]any{"source": filepath.Base(small)}).Width != 10 {
		t.Error("a small picture is not enlarged")
	}
}

func TestBadConfigurationsAreRefused(t *testing.T) {
	t.Parallel()
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for attribute, config := range map[string]map[string]any{
		"output_dir": {"output_dir": "relative"},
		"source_dir": {"output_dir": t.TempDir(), "source_dir": "relative"},
		"max_pixels": {"output_dir": t.TempDir(), "max_pixels": 0},
	} {
		diagnostics := plugintest.Configure(t, plugin(), config)
		if len(diagnostics) != 1 || diagnostics[0].Path[0] != attribute {
			t.Errorf("%v: %+v", config, diagnostics)
		}
	}
	if diagnostics := plugintest.Configure(t, plugin(), map[string]any{"output_dir": blocked + "/x"}); len(diagnostics) != 1 {
		t.Errorf("a folder that cannot be made: %+v", diagnostics)
	}
}

func TestAnEndedContextEndsTheWork(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := scale(ctx, image.NewGray(image.Rect(0, 0, 8, 8)), 2, 2); err == nil {
		t.Error("it went on")
	}
}
