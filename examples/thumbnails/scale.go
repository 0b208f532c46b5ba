package main

import (
	"context"
	"image"
	"image/color"
	"math"
)

// channels of a pixel: red, green and blue, multiplied by alpha, and alpha. Only
// so can pixels be averaged without the colour of the invisible ones bleeding in.
const channels = 4

// fit makes the longer side limit at most, keeps the ratio, and never enlarges.
func fit(width, height, limit int) (int, int) {
	longest := max(width, height)
	if longest <= limit {
		return width, height
	}
	shrink := func(side int) int {
		return int(math.Max(1, math.Round(float64(side)*float64(limit)/float64(longest))))
	}
	return shrink(width), shrink(height)
}

// span is the part of the source's pixels that one pixel of the target covers.
type span struct {
	first   int
	weights []float64 // they add up to 1
}

// spans divides from pixels among to pixels, by area.
func spans(from, to int) []span {
	out := make([]span, to)
	ratio := float64(from) / float64(to)
	for i := range out {
		begin, end := float64(i)*ratio, float64(i+1)*ratio
		first, last := int(begin), min(int(math.Ceil(end)), from)
		weights := make([]float64, 0, last-first)
		for pixel := first; pixel < last; pixel++ {
			covered := math.Min(end, float64(pixel+1)) - math.Max(begin, float64(pixel))
			weights = append(weights, covered/ratio)
		}
		out[i] = span{first: first, weights: weights}
	}
	return out
}

// scale shrinks by averaging the area under each pixel. It holds one row of the
// target at a time and looks at the context between rows.
func scale(ctx context.Context, source image.Image, width, height int) (*image.NRGBA64, error) {
	bounds := source.Bounds()
	columns, rows := spans(bounds.Dx(), width), spans(bounds.Dy(), height)
	target := image.NewNRGBA64(image.Rect(0, 0, width, height))
	for y, row := range rows {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		sums := make([]float64, width*channels)
		for i, weight := range row.weights {
			addRow(sums, source, bounds.Min.Y+row.first+i, columns, weight)
		}
		for x := range width {
			target.SetNRGBA64(x, y, pixel(sums[x*channels:]))
		}
	}
	return target, nil
}

// addRow adds one row of the source, averaged over the columns.
func addRow(sums []float64, source image.Image, y int, columns []span, weight float64) {
	left := source.Bounds().Min.X
	for x, column := range columns {
		for i, share := range column.weights {
			r, g, b, a := source.At(left+column.first+i, y).RGBA()
			part := share * weight
			sums[x*channels] += part * float64(r)
			sums[x*channels+1] += part * float64(g)
			sums[x*channels+2] += part * float64(b)
			sums[x*channels+3] += part * float64(a)
		}
	}
}

// pixel takes the alpha out of the sums again.
func pixel(sums []float64) color.NRGBA64 {
	alpha := sums[3]
	if alpha <= 0 {
		return color.NRGBA64{}
	}
	plain := func(sum float64) uint16 {
		return uint16(math.Min(math.MaxUint16, math.Round(sum*math.MaxUint16/alpha)))
	}
	return color.NRGBA64{
		R: plain(sums[0]), G: plain(sums[1]), B: plain(sums[2]),
		A: uint16(math.Min(math.MaxUint16, math.Round(alpha))),
	}
}
