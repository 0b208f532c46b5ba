package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/headrace/headrace/sdk"
)

// Config is the config block of the plugin.
type Config struct {
	OutputDir string `json:"output_dir" description:"folder for the thumbnails; made when it is missing"`
	SourceDir string `json:"source_dir,omitempty" description:"folder that pictures are read from; without it any path is read"`
	MaxPixels int64  `json:"max_pixels,omitempty" default:"50000000" description:"largest picture, in pixels"`
}

// open refuses what the schema cannot express: a plugin's working folder is the
// engine's business, so paths are absolute.
func open(_ context.Context, c *Config) []sdk.Diagnostic {
	var wrong []sdk.Diagnostic
	for name, dir := range map[string]string{"output_dir": c.OutputDir, "source_dir": c.SourceDir} {
		if dir != "" && !filepath.IsAbs(dir) || name == "output_dir" && dir == "" {
			wrong = append(wrong, sdk.Diagnostic{
				Path: []string{name}, Summary: "No absolute path", Detail: "write the whole path, from / on",
			})
		}
	}
	if c.MaxPixels < 1 {
		wrong = append(wrong, sdk.Diagnostic{Path: []string{"max_pixels"}, Summary: "No picture would be small enough"})
	}
	if len(wrong) > 0 {
		return wrong
	}
	if err := os.MkdirAll(c.OutputDir, 0o755); err != nil {
		return []sdk.Diagnostic{{Path: []string{"output_dir"}, Summary: "The folder cannot be made", Detail: err.Error()}}
	}
	return nil
}
