package main

import (
	"context"

	"github.com/headrace/headrace/sdk"
)

// ThumbnailRequest is the payload of image.thumbnail.
type ThumbnailRequest struct {
	Source string `json:"source" description:"path of the picture"`
	Max    int    `json:"max,omitempty" default:"128" description:"longest side of the thumbnail, in pixels"`
}

// ThumbnailResult is its result.
type ThumbnailResult struct {
	Width        int    `json:"width"`
	Height       int    `json:"height"`
	SourceWidth  int    `json:"source_width"`
	SourceHeight int    `json:"source_height"`
	SourceFormat string `json:"source_format"`
	// Format is that of the thumbnail: jpeg, or png for what may be transparent.
	Format string `json:"format"`
	// Size is the file's, in bytes.
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
	// Path is where the thumbnail was written: its name is its hash, so that
	// the same task, tried twice, leaves one file.
	Path string `json:"path"`
}

// makeThumbnail is the handler.
func makeThumbnail(ctx context.Context, in ThumbnailRequest) (ThumbnailResult, error) {
	config := sdk.Config[Config](ctx)
	if err := checkMax(in.Max); err != nil {
		return ThumbnailResult{}, err
	}
	picture, err := readPicture(config, in.Source)
	if err != nil {
		return ThumbnailResult{}, err
	}
	bounds := picture.image.Bounds()
	sdk.Progress(ctx, 0.5, "decoded")
	width, height := fit(bounds.Dx(), bounds.Dy(), in.Max)
	small, err := scale(ctx, picture.image, width, height)
	if err != nil {
		return ThumbnailResult{}, err
	}
	file, err := encode(small, picture.format)
	if err != nil {
		return ThumbnailResult{}, err
	}
	path, err := file.store(config.OutputDir)
	if err != nil {
		return ThumbnailResult{}, err
	}
	sdk.Logger(ctx).Info("thumbnail written", "source", in.Source, "path", path)
	return ThumbnailResult{
		Width: width, Height: height,
		SourceWidth: bounds.Dx(), SourceHeight: bounds.Dy(), SourceFormat: picture.format,
		Format: file.format, Size: len(file.data), SHA256: file.sum(), Path: path,
	}, nil
}
