package main

import (
	"image"
	"image/color"
	"math"
	"testing"
)

func TestFitKeepsTheRatioAndNeverEnlarges(t *testing.T) {
	t.Parallel()
	for _, tt := range [][5]int{
		{300, 200, 128, 128, 85},
		{200, 300, 128, 85, 128},
		{128, 128, 128, 128, 128},
		{10, 5, 128, 10, 5},
		{10000, 1, 128, 128, 1},
		{1, 10000, 128, 1, 128},
		{1000, 999, 1, 1, 1},
	} {
		if w, h := fit(tt[0], tt[1], tt[2]); w != tt[3] || h != tt[4] {
			t.Errorf("%v: %d x %d", tt, w, h)
		}
	}
}

func TestSpansCoverEverythingOnce(t *testing.T) {
	t.Parallel()
	for from := 1; from <= 40; from++ {
		for to := 1; to <= from; to++ {
			covered := make([]float64, from)
			for _, s := range spans(from, to) {
				sum := 0.0
				for i, weight := range s.weights {
					sum += weight
					covered[s.first+i] += weight
				}
				if math.Abs(sum-1) > 1e-9 {
					t.Fatalf("%d to %d: weights add up to %v", from, to, sum)
				}
			}
			for pixel, share := range covered {
				if math.Abs(share-float64(to)/float64(from)) > 1e-9 {
					t.Fatalf("%d to %d: pixel %d counts %v", from, to, pixel, share)
				}
			}
		}
	}
}

// shrink scales a picture given as rows.
func shrink(t *testing.T, rows [][]color.Color, width, height int) *image.NRGBA64 {
	t.Helper()
	// An origin that is not zero, as a part of a larger picture has.
	source := image.NewNRGBA(image.Rect(3, 5, 3+len(rows[0]), 5+len(rows)))
	for y, row := range rows {
		for x, c := range row {
			source.Set(3+x, 5+y, c)
		}
	}
	small, err := scale(t.Context(), source, width, height)
	if err != nil {
		t.Fatal(err)
	}
	return small
}

func near(a, b color.NRGBA64) bool {
	within := func(x, y uint16) bool { return math.Abs(float64(x)-float64(y)) <= 300 }
	return within(a.R, b.R) && within(a.G, b.G) && within(a.B, b.B) && within(a.A, b.A)
}

func TestScaleAverages(t *testing.T) {
	t.Parallel()
	black, white := color.NRGBA{A: 255}, color.NRGBA{R: 255, G: 255, B: 255, A: 255}
	clear, blue := color.NRGBA{R: 255, A: 0}, color.NRGBA{B: 255, A: 255}
	tests := map[string]struct {
		rows [][]color.Color
		want color.NRGBA64
	}{
		"a single pixel":           {[][]color.Color{{white}}, color.NRGBA64{0xffff, 0xffff, 0xffff, 0xffff}},
		"half and half":            {[][]color.Color{{black, white}, {white, black}}, color.NRGBA64{0x8000, 0x8000, 0x8000, 0xffff}},
		"three rows":               {[][]color.Color{{black}, {black}, {white}}, color.NRGBA64{0x5555, 0x5555, 0x5555, 0xffff}},
		"the invisible is no part": {[][]color.Color{{clear, blue}}, color.NRGBA64{0, 0, 0xffff, 0x8000}},
		"nothing visible":          {[][]color.Color{{clear, clear}}, color.NRGBA64{}},
	}
	for name, tt := range tests {
		if got := shrink(t, tt.rows, 1, 1).NRGBA64At(0, 0); !near(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func TestScaleSharesPixelsByArea(t *testing.T) {
	t.Parallel()
	black, white := color.NRGBA{A: 255}, color.NRGBA{R: 255, G: 255, B: 255, A: 255}
	small := shrink(t, [][]color.Color{{black, white, black}}, 2, 1)
	third := color.NRGBA64{0x5555, 0x5555, 0x5555, 0xffff} // a half of one and a half pixels
	if !near(small.NRGBA64At(0, 0), third) || !near(small.NRGBA64At(1, 0), third) {
		t.Errorf("%v %v", small.NRGBA64At(0, 0), small.NRGBA64At(1, 0))
	}
}
